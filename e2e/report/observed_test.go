package report_test

import (
	"context"
	"strings"
	"testing"

	"sigs.k8s.io/e2e-framework/pkg/env"
	"sigs.k8s.io/e2e-framework/pkg/features"

	"example.com/annex/e2e/report"
	"example.com/annex/e2e/step"
)

func TestObservedCountsAssessments(t *testing.T) {
	var r report.Report
	testenv := env.New()
	feature := features.New("feature").
		Setup(step.Do(func(context.Context, *testing.T) {})).
		Assess("passes", step.Do(func(context.Context, *testing.T) {})).
		Assess("skips", step.Do(func(ctx context.Context, t *testing.T) { report.Skip(ctx, t, "of the weather") })).
		Assess("passes too", step.Do(func(context.Context, *testing.T) {})).
		Feature()
	testenv.Test(t, r.Feature(feature))

	var out strings.Builder
	r.Print(&out, "suite")
	want := `e2e suite: 3 assessments: 2 passed, 0 failed, 1 skipped
  skipped 1, of the weather:
    TestObservedCountsAssessments/feature/skips
`
	if out.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", out.String(), want)
	}
}

func TestObservedSeesASetupThatSkips(t *testing.T) {
	var r report.Report
	testenv := env.New()
	feature := features.New("feature").
		Setup(step.Do(func(_ context.Context, t *testing.T) { t.Skip("silently") })).
		Assess("never runs", step.Do(func(_ context.Context, t *testing.T) { t.Error("it ran") })).
		Feature()
	testenv.Test(t, r.Feature(feature))
	if !r.Failed() {
		t.Error("a feature whose set-up skips it passed")
	}
}
