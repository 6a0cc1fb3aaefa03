package deploy_test

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"example.com/annex/shared/golden"
	"example.com/annex/tools/deploy/manifests"
)

// TestGenerated compares the generated part with the servers' Definitions. After a wanted change:
//
//	go test ./deploy -update
func TestGenerated(t *testing.T) {
	t.Parallel()
	files := os.DirFS(".")
	wanted, err := manifests.Generate(files)
	if err != nil {
		t.Fatal(err)
	}
	bases := map[string][]byte{}
	for name, content := range wanted {
		if rest, ok := strings.CutPrefix(name, "base/"); ok {
			bases[filepath.FromSlash(rest)] = content
			continue
		}
		golden.Check(t, filepath.FromSlash(name), content)
	}
	golden.CheckDirectory(t, "base", bases)

	// What is in the overlays besides is written by hand, and has one of two names.
	err = fs.WalkDir(files, "overlays", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		by := path.Base(path.Dir(name))
		if _, ok := wanted[name]; !ok && by != "environment" && by != "storage" {
			t.Errorf("deploy/%s is of no server: remove it", name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
