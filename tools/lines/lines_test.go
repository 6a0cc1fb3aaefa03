package lines

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the counts into the READMEs")

// TestReadmes reads the checkout itself: Bazel's sandbox has only a link into it. Servers are the directories with a main.go.
func TestReadmes(t *testing.T) {
	t.Parallel()
	workspace, err := filepath.EvalSymlinks(filepath.Join("..", "..", "WORKSPACE"))
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(filepath.Dir(workspace), "servers")
	mains, err := filepath.Glob(filepath.Join(root, "*", "main.go"))
	if err != nil || len(mains) < 2 {
		t.Fatalf("below %s are the servers %v: %v", root, mains, err)
	}
	servers := map[string]Sources{}
	for _, main := range mains {
		dir := filepath.Dir(main)
		sources, err := Read(dir)
		if err != nil {
			t.Fatal(err)
		}
		servers[filepath.Base(dir)] = sources
		check(t, filepath.Join(dir, "README.md"), func(readme string) (string, error) { return Mend(readme, sources) })
	}
	check(t, filepath.Join(root, "README.md"), func(readme string) (string, error) { return MendOverview(readme, servers) })
}

func check(t *testing.T, file string, mend func(string) (string, error)) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Error(err)
		return
	}
	want, err := mend(string(data))
	if err != nil {
		t.Errorf("%s: %v", file, err)
		return
	}
	if want == string(data) {
		return
	}
	if !*update {
		t.Errorf("%s has other counts than the sources; run go test ./tools/lines -update", file)
	} else if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
		t.Error(err)
	}
}

func TestMend(t *testing.T) {
	t.Parallel()
	sources := Sources{"main.go": 9, "definition/definition.go": 20, "apis/a/types.go": 100, "apis/a/v1beta1/types.go": 50}
	const main, apis, beta = "| `main.go` and `definition/` | 1 |\n", "| `apis/`, less `v1beta1/`: `types` | 2 |\n", "| `apis/a/v1beta1/` | 50 |\n"
	for name, tc := range map[string]struct{ table, want, err string }{
		"all of it":     {table: main + apis + beta, want: "| `main.go` and `definition/` | 29 |\n| `apis/`, less `v1beta1/`: `types` | 100 |\n" + beta},
		"one in no row": {table: main + apis, err: "apis/a/v1beta1/types.go is in no row"},
		"one twice":     {table: main + "| `apis/` | 1 |\n" + beta, err: "apis/a/v1beta1/types.go is in"},
		"nothing there": {table: main + apis + beta + "| `usage/` | 1 |\n", err: "there is nothing in `usage/`"},
	} {
		got, err := Mend("# a\n"+heading+tc.table+"The end.\n", sources)
		if tc.err != "" {
			if err == nil || !strings.Contains(err.Error(), tc.err) {
				t.Errorf("%s: got %v, want %s", name, err, tc.err)
			}
			continue
		}
		if want := "# a\n" + heading + tc.want + "The end.\n"; err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, want)
		}
	}
	if _, err := Mend("# a\n", sources); err == nil {
		t.Error("a README without a table is taken")
	}
}

func TestMendOverview(t *testing.T) {
	t.Parallel()
	got, err := MendOverview("# a\n"+overview+"| `old` | 1 | 1 | 1 | 1 | 4 |\n\nThe end.\n", map[string]Sources{
		"b": {"main.go": 1, "registry/x/x.go": 2, "apis/b/types.go": 3, "usage/usage.go": 4}, "a": {"main.go": 7},
	})
	if want := "# a\n" + overview + "| `a` | 7 | 0 | 0 | 0 | 7 |\n| `b` | 1 | 2 | 3 | 4 | 10 |\n\nThe end.\n"; err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}
