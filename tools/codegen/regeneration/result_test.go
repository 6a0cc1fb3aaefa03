package regeneration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestResult(t *testing.T) {
	t.Parallel()
	c := checkout{generated: map[string][]byte{
		"servers/a/same.go":    []byte("package a\n"),
		"servers/a/changed.go": []byte("package a\n\nvar x = 1\n"),
		"servers/a/old.go":     []byte("package a\n"),
	}}
	result := newResult(c, map[string][]byte{
		"servers/a/same.go":    []byte("package a\n"),
		"servers/a/changed.go": []byte("package a\n\nvar x = 2\n"),
		"servers/a/b/new.go":   []byte("package b\n"),
	})
	var what []string
	var diff strings.Builder
	root := t.TempDir()
	if err := writeFile(filepath.Join(root, "servers/a/old.go"), []byte("package a\n")); err != nil {
		t.Fatal(err)
	}
	for _, change := range result.Changes {
		what = append(what, change.String())
		if err := change.Diff(&diff); err != nil {
			t.Error(err)
		}
		if err := change.Write(root); err != nil {
			t.Error(err)
		}
	}
	if diff := cmp.Diff([]string{"new      servers/a/b/new.go", "changed  servers/a/changed.go", "removed  servers/a/old.go"}, what); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	const want = `--- /dev/null
+++ b/servers/a/b/new.go
@@ -0,0 +1 @@
+package b
--- a/servers/a/changed.go
+++ b/servers/a/changed.go
@@ -1,3 +1,3 @@
 package a
 
-var x = 1
+var x = 2
--- a/servers/a/old.go
+++ /dev/null
@@ -1 +0,0 @@
-package a
`
	if diff := cmp.Diff(want, diff.String()); diff != "" {
		t.Errorf("diffs (-want +got):\n%s", diff)
	}
	for name, want := range map[string]string{"b/new.go": "package b\n", "changed.go": "package a\n\nvar x = 2\n", "old.go": ""} {
		got, err := os.ReadFile(filepath.Join(root, "servers/a", name))
		if string(got) != want || (err != nil) != (want == "") {
			t.Errorf("%s after writing: %q, %v, want %q", name, got, err, want)
		}
	}
}
