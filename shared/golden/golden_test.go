package golden_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/annex/shared/golden"
)

// outcome is a test that notes what it is told.
type outcome struct {
	testing.TB
	errors []string
}

func (o *outcome) Errorf(format string, _ ...any) { o.errors = append(o.errors, format) }
func (o *outcome) Helper()                        {}

// The tests don't run in parallel: -update is for the whole program.
func updating(t *testing.T, value string) {
	t.Helper()
	f := flag.Lookup("update")
	before := f.Value.String()
	if err := f.Value.Set(value); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Value.Set(before); err != nil {
			t.Error(err)
		}
	})
}

func TestCheckDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "testdata")
	contents := map[string][]byte{"a.yaml": []byte("a: 1\n"), "sub/b.yaml": []byte("b: 2\n")}
	for _, step := range []struct {
		name, update string
		prepare      func(t *testing.T)
		errors       []string
	}{
		{name: "no files", update: "false", errors: []string{"run the test with -update", "run the test with -update"}},
		{name: "written", update: "true"},
		{name: "the same", update: "false"},
		{name: "one that differs", update: "false", prepare: put(dir, "a.yaml"), errors: []string{"differs"}},
		{name: "one too many", update: "false", prepare: put(dir, "sub/c.yaml"), errors: []string{"differs", "nothing is compared"}},
		{name: "written anew", update: "true"},
		{name: "the same again", update: "false"},
	} {
		t.Run(step.name, func(t *testing.T) {
			if step.prepare != nil {
				step.prepare(t)
			}
			updating(t, step.update)
			o := &outcome{TB: t}
			golden.CheckDirectory(o, dir, contents)
			if len(o.errors) != len(step.errors) {
				t.Fatalf("got the errors %q, want %q", o.errors, step.errors)
			}
			for i, want := range step.errors {
				if !strings.Contains(o.errors[i], want) {
					t.Errorf("got the error %q, want %q", o.errors[i], want)
				}
			}
		})
	}
}

// put writes a file that nobody wants.
func put(dir, path string) func(*testing.T) {
	return func(t *testing.T) {
		if err := os.WriteFile(filepath.Join(dir, path), []byte("other\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
