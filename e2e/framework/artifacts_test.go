package framework

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestArtifacts(t *testing.T) {
	outputs := t.TempDir()
	t.Setenv("TEST_UNDECLARED_OUTPUTS_DIR", outputs)
	a, err := newArtifacts("a/suite")
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Dir(a.dir) != outputs {
		t.Errorf("logs are in %s, want them in %s", a.dir, outputs)
	}
	if err := os.WriteFile(filepath.Join(a.dir, "etcd.log"), []byte("12345"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := a.keep(); !strings.Contains(got, a.dir) || !strings.Contains(got, "etcd.log (5 bytes)") {
		t.Errorf("got %q, want the directory and its file", got)
	}
	if err := a.remove(); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(outputs)
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
