package command

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// TestReplacement: a file stays as it is until another is whole, and nothing else is left.
func TestReplacement(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "report.xml")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	expect := func(want string) {
		t.Helper()
		got, err := os.ReadFile(path)
		files, _ := os.ReadDir(dir)
		if err != nil || string(got) != want || len(files) != 1 {
			t.Errorf("got %q, %v, and %d files, want %q and one", got, err, len(files), want)
		}
	}
	open := func() *replacement {
		t.Helper()
		r, err := openReplacement(path)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if err := open().discard(); err != nil {
		t.Error(err)
	}
	expect("old")
	failure := errors.New("failure")
	if err := open().fill(func(io.Writer) error { return failure }); !errors.Is(err, failure) {
		t.Errorf("got %v, want %v", err, failure)
	}
	expect("old")
	write := func(w io.Writer) error {
		_, err := io.WriteString(w, "new")
		return err
	}
	if err := open().fill(write); err != nil {
		t.Error(err)
	}
	expect("new")
	if _, err := openReplacement(filepath.Join(dir, "missing", "report.xml")); err == nil {
		t.Error("a directory that is not there is no fault")
	}
}
