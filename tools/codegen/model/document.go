package model

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"strconv"

	"k8s.io/kube-openapi/pkg/util"
	"k8s.io/kube-openapi/pkg/validation/spec"
)

// Names of the files that openapi-gen writes.
const (
	// DefinitionsFile has the definitions of all of a server's types.
	DefinitionsFile = "zz_generated.openapi.go"
	// NamesFile is beside types, and has what they are called in OpenAPI.
	NamesFile = "zz_generated.model_name.go"
)

// Document makes an OpenAPI v2 document of what openapi-gen wrote; files are contents by path below a Go module, and those of
// other names are ignored. A definition that several files have counts once. What the code has and package model does not
// know is an error.
//
// A definition has the name that its type has in the server's own documents, by which NewTypeConverter in the generated apply
// configurations finds it. If that is not the name which
// k8s.io/kube-openapi/pkg/util.ToRESTFriendlyName makes of the Go type, it is there under that name as well: the generated
// Extract functions use that, whatever the type calls itself.
func Document(module string, files map[string][]byte) ([]byte, error) {
	names := names{}
	for name, content := range files {
		if path.Base(name) != NamesFile {
			continue
		}
		f, err := parse(name, content)
		if err != nil {
			return nil, err
		}
		if err := f.addNames(path.Join(module, path.Dir(name)), names); err != nil {
			return nil, err
		}
	}
	definitions := spec.Definitions{}
	for name, content := range files {
		if path.Base(name) != DefinitionsFile {
			continue
		}
		f, err := parse(name, content)
		if err != nil {
			return nil, err
		}
		f.names = names
		if err := f.addDefinitions(definitions); err != nil {
			return nil, err
		}
	}
	for goName, name := range names {
		if schema, ok := definitions[name]; ok {
			// The reference keeps the other in the document when a reader drops what is not referred to.
			schema.AllOf = []spec.Schema{*spec.RefSchema("#/definitions/" + name)}
			definitions[goName] = schema
		}
	}
	return json.Marshal(&spec.Swagger{SwaggerProps: spec.SwaggerProps{
		Swagger:     "2.0",
		Info:        &spec.Info{InfoProps: spec.InfoProps{Title: "models", Version: "unversioned"}},
		Definitions: definitions,
	}})
}

// names are what types are called in OpenAPI, where that is not the REST-friendly name of the Go type, by that name.
type names map[string]string

func (n names) of(goType string) string {
	goName := util.ToRESTFriendlyName(goType)
	if name, ok := n[goName]; ok {
		return name
	}
	return goName
}

// file is one that openapi-gen wrote.
type file struct {
	positions *token.FileSet
	imports   map[string]string // paths by the names that stand for them
	functions map[string]*ast.FuncDecl
	methods   []*ast.FuncDecl
	names     names
}

func parse(name string, content []byte) (*file, error) {
	f := &file{positions: token.NewFileSet(), imports: map[string]string{}, functions: map[string]*ast.FuncDecl{}}
	syntax, err := parser.ParseFile(f.positions, name, content, parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("reading generated OpenAPI definitions: %w", err)
	}
	for _, spec := range syntax.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, f.errorf(spec, "%w", err)
		}
		name := path.Base(imported)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		f.imports[name] = imported
	}
	for _, declaration := range syntax.Decls {
		function, ok := declaration.(*ast.FuncDecl)
		switch {
		case !ok:
		case function.Recv != nil:
			f.methods = append(f.methods, function)
		default:
			f.functions[function.Name.Name] = function
		}
	}
	return f, nil
}

// addNames reads the methods OpenAPIModelName of the types of a package.
func (f *file) addNames(importPath string, names names) error {
	for _, method := range f.methods {
		if method.Name.Name != "OpenAPIModelName" {
			continue
		}
		receiver, ok := method.Recv.List[0].Type.(*ast.Ident)
		if !ok {
			return f.errorf(method, "want a method of a value")
		}
		result, err := f.returned(method)
		if err != nil {
			return err
		}
		name, err := evaluate[string](f, result)
		if err != nil {
			return err
		}
		if goName := util.ToRESTFriendlyName(importPath + "." + receiver.Name); goName != name {
			names[goName] = name
		}
	}
	return nil
}

// addDefinitions evaluates the map that GetOpenAPIDefinitions returns.
func (f *file) addDefinitions(definitions spec.Definitions) error {
	result, err := f.result("GetOpenAPIDefinitions")
	if err != nil {
		return err
	}
	all, ok := result.(*ast.CompositeLit)
	if !ok {
		return f.errorf(result, "GetOpenAPIDefinitions returns no map literal")
	}
	for _, element := range all.Elts {
		entry, ok := element.(*ast.KeyValueExpr)
		if !ok {
			return f.errorf(element, "not an entry of a map")
		}
		name, err := f.modelName(entry.Key)
		if err != nil {
			return err
		}
		definition, ok := entry.Value.(*ast.CallExpr)
		if !ok {
			return f.errorf(entry.Value, "not a call of a function that returns a definition")
		}
		function, ok := definition.Fun.(*ast.Ident)
		if !ok {
			return f.errorf(definition, "%s brings its own definition, which can't be known from here", name)
		}
		if definitions[name], err = f.schema(function.Name); err != nil {
			return err
		}
	}
	return nil
}

// schema evaluates the definition that a function returns. Where there is one for OpenAPI v2 and one for v3, that is v2's.
func (f *file) schema(function string) (spec.Schema, error) {
	result, err := f.result(function)
	if err != nil {
		return spec.Schema{}, err
	}
	if call, ok := result.(*ast.CallExpr); ok && selected(call.Fun) == "EmbedOpenAPIDefinitionIntoV2Extension" && len(call.Args) == 2 {
		result = call.Args[1]
	}
	definition, ok := result.(*ast.CompositeLit)
	if !ok {
		return spec.Schema{}, f.errorf(result, "not a definition")
	}
	for _, element := range definition.Elts {
		if field, ok := element.(*ast.KeyValueExpr); ok && named(field.Key, "Schema") {
			return evaluate[spec.Schema](f, field.Value)
		}
	}
	return spec.Schema{}, f.errorf(definition, "a definition without a schema")
}

// result is what a function returns.
func (f *file) result(function string) (ast.Expr, error) {
	declaration, ok := f.functions[function]
	if !ok {
		return nil, fmt.Errorf("reading generated OpenAPI definitions: there is no function %s", function)
	}
	return f.returned(declaration)
}

func (f *file) returned(declaration *ast.FuncDecl) (ast.Expr, error) {
	if len(declaration.Body.List) == 1 {
		if statement, ok := declaration.Body.List[0].(*ast.ReturnStmt); ok && len(statement.Results) == 1 {
			return statement.Results[0], nil
		}
	}
	return nil, f.errorf(declaration, "%s does more than return an expression", declaration.Name.Name)
}

// modelName is the name that an expression such as v1.Reservation{}.OpenAPIModelName() is. For types without that method a
// string stands in the code: the path and name of the Go type.
func (f *file) modelName(expression ast.Expr) (string, error) {
	if literal, ok := expression.(*ast.BasicLit); ok && literal.Kind == token.STRING {
		goType, err := strconv.Unquote(literal.Value)
		return f.names.of(goType), err
	}
	call, ok := expression.(*ast.CallExpr)
	if ok && selected(call.Fun) == "OpenAPIModelName" {
		goType, err := f.receiver(call)
		return f.names.of(goType), err
	}
	return "", f.errorf(expression, "not the name of a model")
}

func (f *file) errorf(node ast.Node, format string, args ...any) error {
	return fmt.Errorf("reading generated OpenAPI definitions: %s: %w", f.positions.Position(node.Pos()), fmt.Errorf(format, args...))
}

// selected is the name in an expression that ends with one after a dot.
func selected(expression ast.Expr) string {
	if selector, ok := expression.(*ast.SelectorExpr); ok {
		return selector.Sel.Name
	}
	return ""
}

func named(expression ast.Expr, name string) bool {
	identifier, ok := expression.(*ast.Ident)
	return ok && identifier.Name == name
}
