package regeneration

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
)

// onlyTagsDiffer tells whether two Go files are the same but for the tags of structs.
func onlyTagsDiffer(one, other []byte) bool {
	first, err := withoutTags(one)
	if err != nil {
		return false
	}
	second, err := withoutTags(other)
	return err == nil && bytes.Equal(first, second)
}

func withoutTags(content []byte) ([]byte, error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "", content, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	ast.Inspect(file, func(node ast.Node) bool {
		if field, ok := node.(*ast.Field); ok {
			field.Tag = nil
		}
		return true
	})
	var b bytes.Buffer
	err = format.Node(&b, files, file)
	return b.Bytes(), err
}
