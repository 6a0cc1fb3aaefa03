package bazellist

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"example.com/annex/tools/codegen/apis"
	"example.com/annex/tools/codegen/generator"
)

// TestInStep reads the checkout itself, for packages that the list does not know yet: Bazel's sandbox has only a link into it.
func TestInStep(t *testing.T) {
	t.Parallel()
	workspace, err := filepath.EvalSymlinks("../../../WORKSPACE")
	if err != nil {
		t.Fatal(err)
	}
	checkout := filepath.Dir(workspace)
	servers, err := apis.Find(os.DirFS(checkout), "example.com/annex", func(_ string, content []byte) bool {
		return generator.Generated(generator.All(), content)
	})
	if err != nil || len(servers) == 0 {
		t.Fatalf("found servers %v, %v in %s: that can't be the checkout", servers, err, checkout)
	}
	changes, err := Compare(checkout, servers)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range changes {
		t.Errorf("not in step with the API packages in servers; run ./tools/bazel run //tools/codegen:\n%s", c)
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	servers, err := apis.Find(fstest.MapFS{
		"servers/a/apis/a/doc.go":         {Data: []byte("package a\n")},
		"servers/a/apis/a/v1/doc.go":      {Data: []byte("// +k8s:protobuf-gen=package\npackage v1\n")},
		"servers/a/apis/a/v1beta1/doc.go": {Data: []byte("package v1beta1\n")},
	}, "example.com/m", func(string, []byte) bool { return false })
	if err != nil {
		t.Fatal(err)
	}
	const want = `"""The API packages of all servers, and their .proto files. Written by //tools/codegen."""

API_PACKAGES = [
    "//servers/a/apis/a",
    "//servers/a/apis/a/v1:a",
    "//servers/a/apis/a/v1beta1",
]

API_PROTOS = [
    "//servers/a/apis/a/v1:go_default_library_protos",
]
`
	checkout := t.TempDir()
	changes, err := Compare(checkout, servers)
	if err != nil || len(changes) != 1 || changes[0].Old != nil || string(changes[0].New) != want {
		t.Fatalf("without a list: %q, %v, want a new list", changes, err)
	}
	if err := changes[0].Write(checkout); err != nil {
		t.Fatal(err)
	}
	if changes, err := Compare(checkout, servers); err != nil || len(changes) != 0 {
		t.Errorf("after writing the list: %q, %v, want no change", changes, err)
	}
	if err := os.WriteFile(filepath.Join(checkout, Path), []byte("API_PACKAGES = []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if changes, err := Compare(checkout, servers); err != nil || len(changes) != 1 {
		t.Errorf("with an old list: %q, %v, want a change", changes, err)
	}
}
