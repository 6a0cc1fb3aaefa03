package report_test

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/annex/e2e/report"
	"example.com/annex/e2e/trace"
)

var update = flag.Bool("update", false, "rewrite the files in testdata")

// document is a run in which everything happened that can.
func document() report.Document {
	const v1, v1alpha1 = "sites.v1.topology.example.com", "sites.v1alpha1.topology.example.com"
	outcome := func(resource, area, assessment string, result report.Result) report.Outcome {
		return report.Outcome{
			Subject: report.Subject{Resource: resource, Area: area, Feature: "sites " + area, Assessment: assessment},
			Test:    "TestConformance/" + assessment, Result: result, Seconds: 0.25,
		}
	}
	failed := outcome(v1, "Watch", "bookmarks <arrive> before the watch times out", report.Failed)
	failed.Output = "watch.go:101: the watch ended\n    after 5 s & no bookmark\n"
	failed.Exchanges = []trace.Exchange{
		{Method: "GET", URI: "/apis/topology.example.com/v1/sites?watch=true", Status: 200, Seconds: 0.003},
		{Method: "PUT", URI: "/apis/topology.example.com/v1/sites/one", Status: 409, Reason: "Conflict", Message: "it has changed", Seconds: 0.012},
		{Command: "kubectl get sites", Status: 1, Message: "not found", Seconds: 0.2},
	}
	skipped := outcome(v1, "Explain", "kubectl explain describes every field", report.Skipped)
	skipped.Reason = "no kubectl"
	skippedToo := outcome(v1alpha1, "Status", "is shown", report.Skipped)
	skippedToo.Reason = "no kubectl"
	unfinished := outcome(v1alpha1, "Watch", "events arrive in order", report.Unfinished)
	unfinished.Reason = "--timeout=1s is over"
	lost := report.Outcome{Subject: report.Subject{Assessment: "cleaning up: it is not gone"}, Test: "cleaning up: it is not gone", Result: report.Failed}

	summary := func(passed, failed, skipped, unfinished int) report.Summary {
		return report.Summary{Passed: passed, Failed: failed, Skipped: skipped, Unfinished: unfinished}
	}
	return report.Document{
		APIVersion: report.APIVersion, Kind: report.Kind,
		Title: "apiservice v1.topology.example.com", Server: "https://127.0.0.1:6443", ServerVersion: "v1.37.2",
		Started: time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC), Seconds: 12.34,
		Result: report.Failed, Error: "interrupted",
		Summary:   summary(2, 2, 2, 1),
		Resources: []string{v1, v1alpha1},
		Areas: []report.Area{
			{Name: "Watch", Cells: []report.Cell{
				{Resource: v1, State: report.StateFailed, Summary: summary(1, 1, 0, 0)},
				{Resource: v1alpha1, State: report.StateUnfinished, Summary: summary(0, 0, 0, 1)},
			}},
			{Name: "Explain", Cells: []report.Cell{
				{Resource: v1, State: report.StatePassed, Summary: summary(1, 0, 1, 0)},
				{Resource: v1alpha1, State: report.StateNotRun},
			}},
			{Name: "Status", Cells: []report.Cell{
				{Resource: v1, State: report.StateNotClaimed},
				{Resource: v1alpha1, State: report.StateSkipped, Summary: summary(0, 0, 1, 0)},
			}},
		},
		NotTried: []report.NotTried{{Resource: "halls.v1.topology.example.com", Reason: "no sample of kind Hall was given"}},
		Assessments: []report.Outcome{
			lost, outcome(v1, "Watch", "a watch can start in the past", report.Passed), failed,
			outcome(v1, "Explain", "OpenAPI v3 has the kind", report.Passed), skipped, unfinished, skippedToo,
		},
	}
}

func TestDocumentIsWritten(t *testing.T) {
	t.Parallel()
	d := document()
	short := d
	short.Error, short.NotTried, short.Result, short.Summary = "", nil, report.Passed, report.Summary{Passed: 1}
	short.Resources, short.Areas, short.Assessments = []string{"configmaps.v1."}, []report.Area{
		{Name: "Patches", Cells: []report.Cell{{Resource: "configmaps.v1.", State: report.StatePassed, Summary: report.Summary{Passed: 1}}}},
	}, nil
	for name, write := range map[string]func(io.Writer) error{
		"report.txt":       func(w io.Writer) error { return d.WriteText(w, report.Style{}) },
		"report_wide.txt":  func(w io.Writer) error { return d.WriteText(w, report.Style{Wide: true}) },
		"report_color.txt": func(w io.Writer) error { return d.WriteText(w, report.Style{Color: true}) },
		"passed.txt":       func(w io.Writer) error { return short.WriteText(w, report.Style{}) },
		"report.json":      d.WriteJSON,
		"report.xml":       d.WriteJUnit,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got bytes.Buffer
			if err := write(&got); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("testdata", name)
			if *update {
				if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("%s (-want +got; run with -update to take it over):\n%s", file, diff)
			}
		})
	}
}

func TestDocumentOfAReport(t *testing.T) {
	t.Parallel()
	var r report.Report
	r.Start(time.Now())
	r.Plan("sites.v1.example.com", "Watch", true)
	r.Plan("sites.v1.example.com", "Access", true)
	r.Plan("halls.v1.example.com", "Watch", true)
	r.Plan("halls.v1.example.com", "Scale", false)
	r.Fail("setting up")
	got := r.Document("title")
	if got.Result != report.Failed || got.Summary.Failed != 1 || len(got.Assessments) != 1 {
		t.Errorf("a failure without a place: %+v", got)
	}
	states := map[string]report.State{}
	for _, area := range got.Areas {
		for _, cell := range area.Cells {
			states[area.Name+" "+cell.Resource] = cell.State
		}
	}
	want := map[string]report.State{
		"Watch sites.v1.example.com": report.StateNotRun, "Access sites.v1.example.com": report.StateNotRun,
		"Watch halls.v1.example.com": report.StateNotRun, "Access halls.v1.example.com": report.StateNotClaimed,
		"Scale sites.v1.example.com": report.StateNotClaimed, "Scale halls.v1.example.com": report.StateNotClaimed,
	}
	if diff := cmp.Diff(want, states); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got.Areas[0].Name != "Watch" || got.Resources[0] != "sites.v1.example.com" {
		t.Errorf("the order is not that of the plan: %v of %v", got.Areas, got.Resources)
	}
}
