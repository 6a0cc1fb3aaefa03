package framework

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/annex/e2e/report"
)

func TestWriteReport(t *testing.T) {
	outputs := t.TempDir()
	t.Setenv(outputsVariable, outputs)
	var r report.Report
	var said strings.Builder
	if err := writeReport(&said, r.Document("suite")); err != nil || said.Len() > 0 {
		t.Errorf("about no resource, it said %q, and %v", said.String(), err)
	}
	r.Plan("sites.v1.example.com", "Watch", true)
	if err := writeReport(&said, r.Document("suite")); err != nil || !strings.Contains(said.String(), "sites.v1") {
		t.Errorf("it said %q, and %v", said.String(), err)
	}
	for name, want := range map[string]string{"conformance.txt": "sites.v1.example.com", "conformance.json": `"kind": "Report"`, "conformance.xml": "<testsuites"} {
		if got, err := os.ReadFile(filepath.Join(outputs, name)); err != nil || !strings.Contains(string(got), want) {
			t.Errorf("%s is %q, and %v; want %s in it", name, got, err, want)
		}
	}
}
