package controlplanetest

import (
	"os"
	"strings"
	"testing"
)

// Dir is a directory for a test. Under Bazel it is one of the test's outputs if
// the test fails (TEST_UNDECLARED_OUTPUTS_DIR, https://bazel.build/reference/test-encyclopedia),
// so that the logs in it can be read; else it is removed.
func Dir(t testing.TB) string {
	t.Helper()
	outputs := os.Getenv("TEST_UNDECLARED_OUTPUTS_DIR")
	if outputs == "" {
		return t.TempDir()
	}
	dir, err := os.MkdirTemp(outputs, strings.ReplaceAll(t.Name(), "/", "-")+"-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			return
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}
