package command

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/annex/e2e/report"
)

// TestWriter: with --junit, the report goes to the terminal and to the file, each in its own form.
func TestWriter(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	path := filepath.Join(t.TempDir(), "report.xml")
	o := &options{output: "json", junit: path, out: &out}
	write, _, err := o.writer()
	if err != nil {
		t.Fatal(err)
	}
	if err := write(report.Document{Result: report.Passed}); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out.String(), "{") {
		t.Errorf("--output=json: %s", out.String())
	}
	if file, err := os.ReadFile(path); err != nil || !strings.Contains(string(file), "<testsuites") {
		t.Errorf("--junit: %v: %s", err, file)
	}
}
