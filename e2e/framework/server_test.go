package framework

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/annex/shared/apiserver"
)

var twoWords = Server{Definition: apiserver.Definition{Name: "two-words"}, Package: "servers/two-words"}

func TestServerBinaryInADirectory(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(ServersVariable, dir)
	t.Setenv(programVariable("two-words"), "")
	if _, err := twoWords.Program(t.Context(), t.TempDir()); err == nil || !strings.Contains(err.Error(), ServersVariable) {
		t.Errorf("a directory without the server: got the error %v, want one that names %s", err, ServersVariable)
	}
	want := filepath.Join(dir, "two-words")
	if err := os.WriteFile(want, nil, 0o700); err != nil {
		t.Fatal(err)
	}
	got, err := twoWords.Program(t.Context(), t.TempDir())
	if err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func TestServerBinaryThatTheTargetDoesNotName(t *testing.T) {
	t.Setenv("TEST_TARGET", "//e2e/two-words:two-words_test")
	t.Setenv(ServersVariable, "")
	t.Setenv("ANNEX_SERVER_TWO_WORDS", "")
	_, err := twoWords.Program(t.Context(), t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "ANNEX_SERVER_TWO_WORDS") || !strings.Contains(err.Error(), "//servers/two-words") {
		t.Errorf("got the error %v, want one that says what to add to the target", err)
	}
}
