package report_test

import (
	"strings"
	"testing"

	"example.com/annex/e2e/report"
)

func TestReportCounts(t *testing.T) {
	var r report.Report
	t.Run("outcomes", func(t *testing.T) {
		t.Run("passes", func(t *testing.T) { r.Observe(t.Context(), t) })
		t.Run("skips", func(t *testing.T) {
			report.Skip(r.Observe(t.Context(), t), t, "the cluster has no moon")
		})
	})
	if r.Failed() {
		t.Error("a skip with a reason counts as a failure")
	}
	r.Fail("environment")
	if !r.Failed() {
		t.Error("a failure does not count")
	}

	var out strings.Builder
	r.Print(&out, "suite on cluster")
	want := `e2e suite on cluster: 3 assessments: 1 passed, 1 failed, 1 skipped
  failed: environment
  skipped 1, the cluster has no moon:
    TestReportCounts/outcomes/skips
`
	if out.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", out.String(), want)
	}
}

func TestReportSkipWithoutReason(t *testing.T) {
	var r report.Report
	t.Run("silent", func(t *testing.T) {
		r.Observe(t.Context(), t)
		t.Skip()
	})
	if !r.Failed() {
		t.Error("a skip without a reason passed")
	}
}
