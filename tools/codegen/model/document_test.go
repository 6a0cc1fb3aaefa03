package model

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"k8s.io/kube-openapi/pkg/validation/spec"
)

// definitions is a file of definitions; tools/codegen's own test reads those of the servers.
func definitions(t *testing.T, file string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{"servers/a/README.md": []byte("nothing")}
	for from, to := range map[string]string{file: "servers/a/apis/openapi/" + DefinitionsFile, "names.txt": "servers/a/apis/a/v1/" + NamesFile} {
		content, err := os.ReadFile("testdata/" + from)
		if err != nil {
			t.Fatal(err)
		}
		files[to] = content
	}
	return files
}

func TestDocument(t *testing.T) {
	t.Parallel()
	got, err := Document("m.example", definitions(t, "definitions.txt"))
	if err != nil {
		t.Fatal(err)
	}
	// Through the type, so that fields are in one order.
	want, err := os.ReadFile("testdata/document.json")
	if err != nil {
		t.Fatal(err)
	}
	var document spec.Swagger
	if err := json.Unmarshal(want, &document); err != nil {
		t.Fatal(err)
	}
	want, err = json.Marshal(&document)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestWhatCannotBeKnown(t *testing.T) {
	t.Parallel()
	for what, tc := range map[string]struct{ old, replacement, want string }{
		"a constant elsewhere":     {`Default: "x"`, `Default: v1.DefaultX`, "not a constant"},
		"another function":         {`Default: "x"`, `Default: compute()`, "can't call that"},
		"a type's own schema":      {`metav1.Time{}.OpenAPISchemaType()`, `v1.A{}.OpenAPISchemaType()`, "m.example/servers/a/apis/a/v1.A are not known here"},
		"an unknown method":        {`metav1.Time{}.OpenAPISchemaType()`, `metav1.Time{}.String2()`, "no such method"},
		"a field that is not one":  {`Format: "int32"`, `Formatted: "int32"`, "not a field of spec.SchemaProps"},
		"a value of another type":  {`Format: "int32"`, `Format: 32`, "a int64 where a string must stand"},
		"a literal where not":      {`Format: "int32"`, `Format: []string{}`, "can't be a string"},
		"statements":               {`return common.OpenAPIDefinition{ // A`, "x := 1\nreturn common.OpenAPIDefinition{", "does more than return"},
		"a missing function":       {`schema_A(ref),`, `schema_B(ref),`, "no function schema_B"},
		"a definition of its own":  {`schema_A(ref),`, `v1.A{}.OpenAPIDefinition(),`, "brings its own definition"},
		"a package not imported":   {`ref(v1.A{}.`, `ref(v2.A{}.`, "not a call of a type's method"},
		"something that is not Go": {`package openapi`, `pakcage openapi`, "expected 'package'"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			files := definitions(t, "definitions.txt")
			const name = "servers/a/apis/openapi/" + DefinitionsFile
			broken := strings.Replace(string(files[name]), tc.old, tc.replacement, 1)
			if broken == string(files[name]) {
				t.Fatalf("testdata has no %q", tc.old)
			}
			files[name] = []byte(broken)
			_, err := Document("m.example", files)
			if err == nil || !strings.Contains(err.Error(), tc.want) || (!strings.Contains(err.Error(), name+":") && what != "a missing function") {
				t.Errorf("got %v, want an error with %q and the place", err, tc.want)
			}
		})
	}
}
