package framework

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestArtifacts(t *testing.T) {
	for _, tc := range []struct{ name, variable string }{
		{"under Bazel", "TEST_UNDECLARED_OUTPUTS_DIR"},
		{"elsewhere", "TMPDIR"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			parent := t.TempDir()
			t.Setenv("TEST_UNDECLARED_OUTPUTS_DIR", "")
			t.Setenv(tc.variable, parent)
			a, err := newArtifacts("suite")
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(a.dir, "etcd.log")
			if !strings.HasPrefix(file, parent) {
				t.Errorf("logs are in %s, want them in %s", a.dir, parent)
			}
			if err := os.WriteFile(file, []byte("12345"), 0o600); err != nil {
				t.Fatal(err)
			}
			said, err := a.keep()
			if err != nil || !strings.Contains(said, a.dir) || !strings.Contains(said, "etcd.log (5 bytes)") {
				t.Errorf("got %q, %v, want the directory and its file", said, err)
			}
			if _, err := os.Stat(file); err != nil {
				t.Errorf("what is kept is gone: %v", err)
			}

			a, err = newArtifacts("suite")
			if err != nil {
				t.Fatal(err)
			}
			if err := a.remove(); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(a.dir); !os.IsNotExist(err) {
				t.Errorf("what is removed is still there: %v", err)
			}
		})
	}
}

func TestPanicked(t *testing.T) {
	a := &artifacts{dir: t.TempDir()}
	for log, want := range map[string]string{
		"I1 all is well\n": "",
		"I1 all is well\nE1 \"Observed a panic\" panic=\"index out of range\"\nI1 on it goes\n": "index out of range",
		"panic: runtime error: nil pointer\n\ngoroutine 1 [running]:\n":                         "nil pointer",
	} {
		if err := os.WriteFile(filepath.Join(a.dir, "server.log"), []byte(log), 0o600); err != nil {
			t.Fatal(err)
		}
		err := a.panicked("server")
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want an error with %q", log, err, want)
		}
	}
	if err := a.panicked("absent"); err != nil {
		t.Errorf("a server without a log: %v", err)
	}
}
