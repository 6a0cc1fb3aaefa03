package gopath

import (
	"archive/zip"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func writeArchive(t *testing.T, files map[string]string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "sources.zip")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	archive := zip.NewWriter(f)
	for file, content := range files {
		w, err := archive.Create(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(archive.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestArchive(t *testing.T) {
	t.Parallel()
	library, err := OpenArchive(writeArchive(t, map[string]string{
		"src/a.example/b/c.go":   "package b\n",
		"src/example.com/m/x.go": "package m\n",
		"README":                 "not a source",
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer library.Close()

	gopath := t.TempDir()
	if err := library.Extract(gopath, func(file string) bool { return strings.HasPrefix(file, "example.com/m/") }); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(gopath, "src/a.example/b/c.go"))
	if err != nil || string(content) != "package b\n" {
		t.Errorf("extracted %q, %v", content, err)
	}
	for _, skipped := range []string{"src/example.com/m/x.go", "README"} {
		if _, err := os.Stat(filepath.Join(gopath, skipped)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v, want it not to exist", skipped, err)
		}
	}
	if err := library.Extract(gopath, nil); !errors.Is(err, fs.ErrExist) {
		t.Errorf("extracting over existing files: %v, want them kept", err)
	}
}

func TestArchiveWithoutSources(t *testing.T) {
	t.Parallel()
	if _, err := OpenArchive(writeArchive(t, map[string]string{"README": "nothing else"})); err == nil {
		t.Error("an archive without sources was accepted")
	}
}
