package layer_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"example.com/annex/tools/image/layer"
)

func TestTree(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	program := filepath.Join(dir, "bin", "su")
	for _, err := range []error{
		os.Mkdir(filepath.Join(dir, "bin"), 0o755),
		os.WriteFile(program, []byte("\x7fELF"), 0o600),
		os.Chmod(program, 0o755|os.ModeSetuid),
		os.Symlink("bin/su", filepath.Join(dir, "link")),
		os.Mkdir(filepath.Join(dir, "tmp"), 0o755),
		os.Chmod(filepath.Join(dir, "tmp"), 0o777|os.ModeSticky),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	got, err := layer.Tree(dir, "/opt")
	if err != nil {
		t.Fatal(err)
	}
	want := []layer.Entry{
		{Path: "/opt/bin", Mode: 0o755},
		{Path: "/opt/bin/su", Source: program, Mode: 0o4755},
		{Path: "/opt/link", Link: "bin/su"},
		{Path: "/opt/tmp", Mode: 0o1777},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("unexpected entries (-want +got):\n%s", diff)
	}
	if _, err := layer.New(got); err != nil {
		t.Errorf("they make no layer: %v", err)
	}

	if err := unix.Mkfifo(filepath.Join(dir, "fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := layer.Tree(dir, "/"); err == nil {
		t.Error("a fifo is taken, want an error")
	}
}
