// Package golden compares what a test got with files that are kept in the repository, so that a change of what others depend
// on is seen in review. Every test program that imports it has the flag -update, which writes the files anew:
//
//	go test ./shared/deployment -update
//
// Only the go command can do that: Bazel's tests see a copy of the files.
package golden

import (
	"flag"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "Write the golden files of the test anew.")

// Check compares content with that of a file.
func Check(t testing.TB, file string, content []byte) {
	t.Helper()
	if *update {
		write(t, file, content)
	}
	compare(t, file, content)
}

// CheckDirectory compares contents, by their paths in a directory, with all files that are there: one that is not among
// contents is an error, too.
func CheckDirectory(t testing.TB, dir string, contents map[string][]byte) {
	t.Helper()
	paths := slices.Sorted(maps.Keys(contents))
	for _, path := range paths {
		Check(t, filepath.Join(dir, path), contents[path])
	}
	for _, path := range files(t, dir) {
		if _, wanted := contents[path]; wanted {
			continue
		}
		file := filepath.Join(dir, path)
		if !*update {
			t.Errorf("nothing is compared with %s: remove it, or run the test with -update", file)
		} else if err := os.Remove(file); err != nil {
			t.Error(err)
		}
	}
}

func write(t testing.TB, file string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

func compare(t testing.TB, file string, content []byte) {
	t.Helper()
	want, err := os.ReadFile(file)
	if err != nil {
		t.Errorf("%v; run the test with -update to make it", err)
	} else if diff := cmp.Diff(string(want), string(content)); diff != "" {
		t.Errorf("%s differs (-want +got); if that is wanted, run the test with -update:\n%s", file, diff)
	}
}

// files are the paths of all files in a directory, none when there is no such directory.
func files(t testing.TB, dir string) []string {
	t.Helper()
	var paths []string
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, entry fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil
		}
		if err == nil && !entry.IsDir() {
			paths = append(paths, filepath.FromSlash(path))
		}
		return err
	})
	if err != nil {
		t.Fatalf("listing %s: %v", dir, err)
	}
	return paths
}
