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

func TestOnlyTagsDiffer(t *testing.T) {
	t.Parallel()
	const source = "package a\n\n// A is commented.\ntype A struct {\n\tx string `json:\"x\"` // x too\n\n\tlonger []int\n}\n"
	for name, tc := range map[string]struct {
		other string
		want  bool
	}{
		"the same":          {source, true},
		"tags":              {"package a\n\n// A is commented.\ntype A struct {\n\tx string `json:\"x\" protobuf:\"bytes,1\"` // x too\n\n\tlonger []int `json:\"longer\"`\n}\n", true},
		"a field":           {"package a\n\n// A is commented.\ntype A struct {\n\tx string `json:\"x\"` // x too\n}\n", false},
		"a comment":         {"package a\n\ntype A struct {\n\tx string `json:\"x\"` // x too\n\n\tlonger []int\n}\n", false},
		"not a Go file now": {"package", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := onlyTagsDiffer([]byte(source), []byte(tc.other)); got != tc.want {
				t.Errorf("got %t, want %t", got, tc.want)
			}
		})
	}
}

// TestTaggedSource: a hand-written file whose tags changed is not a new file.
func TestTaggedSource(t *testing.T) {
	t.Parallel()
	c := checkout{sources: map[string][]byte{"servers/a/types.go": []byte("package a\n")}, generated: map[string][]byte{}}
	result := newResult(c, map[string][]byte{"servers/a/types.go": []byte("package a // tagged\n")})
	if len(result.Changes) != 1 || result.Changes[0].String() != "changed  servers/a/types.go" {
		t.Errorf("changes %v, want the one", result.Changes)
	}
}
