package bazellist

import (
	"os"
	"path/filepath"
	"testing"

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
	servers := []apis.Server{{
		Name: "a", Dir: "servers/a/apis",
		Packages: []apis.Package{{Dir: "servers/a/apis/a"}, {Dir: "servers/a/apis/a/v1"}, {Dir: "servers/a/apis/a/v1beta1"}},
	}}
	const want = `"""The API packages of all servers. Written by //tools/codegen."""

API_PACKAGES = [
    "//servers/a/apis/a",
    "//servers/a/apis/a/v1:a",
    "//servers/a/apis/a/v1beta1",
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
