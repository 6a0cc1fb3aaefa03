package apis

import (
	"bytes"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func TestFind(t *testing.T) {
	t.Parallel()
	checkout := fstest.MapFS{
		"servers/b/apis/b/doc.go":                {Data: []byte("// +k8s:deepcopy-gen=package\npackage b\n")},
		"servers/b/apis/b/v1/types.go":           {Data: []byte("package v1\n\n// +genclient\n// +k8s:deepcopy-gen:interfaces=x.Object\ntype B struct {\n\t// +k8s:validation-gen-nolint\n\tA string\n}\n")},
		"servers/b/apis/b/v1/zz_generated.x.go":  {Data: []byte("// generated\n// +k8s:openapi-gen=true\npackage v1\n")},
		"servers/b/apis/openapi/zz_generated.go": {Data: []byte("// generated\npackage openapi\n")},
		"servers/b/apis/b/v1/types_test.go":      {Data: []byte("// +k8s:conversion-gen=x\npackage v1\n")},
		"servers/b/main.go":                      {Data: []byte("// +k8s:deepcopy-gen=package\npackage main\n")},
		"servers/a/apis/README.md":               {Data: []byte("nothing yet")},
	}
	servers, err := Find(checkout, "example.com/m", func(_ string, content []byte) bool {
		return bytes.HasPrefix(content, []byte("// generated"))
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(servers) != 1 || servers[0].Name != "b" || servers[0].Dir != "servers/b/apis" {
		t.Fatalf("found %+v, want server b alone", servers)
	}
	for tag, want := range map[string][]string{
		"k8s:deepcopy-gen":   {"example.com/m/servers/b/apis/b", "example.com/m/servers/b/apis/b/v1"},
		"genclient":          {"example.com/m/servers/b/apis/b/v1"},
		"k8s:openapi-gen":    nil, // in generated code
		"k8s:conversion-gen": nil, // in a test
		"k8s:validation-gen": nil, // a longer name
	} {
		var got []string
		for _, p := range servers[0].Tagged(tag) {
			got = append(got, p.ImportPath)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("packages with tag %s (-want +got):\n%s", tag, diff)
		}
	}
}
