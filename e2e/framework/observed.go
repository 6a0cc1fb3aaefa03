package framework

import (
	"context"
	"testing"

	"sigs.k8s.io/e2e-framework/pkg/envconf"
	"sigs.k8s.io/e2e-framework/pkg/types"

	"example.com/annex/e2e/report"
)

// observed is a feature whose outcome goes into a report.
type observed struct {
	types.Feature
	report *report.Report
}

func (o observed) Steps() []types.Step {
	steps := o.Feature.Steps()
	seen := make([]types.Step, len(steps))
	for i, step := range steps {
		seen[i] = observedStep{Step: step, report: o.report}
	}
	return seen
}

type observedStep struct {
	types.Step
	report *report.Report
}

func (s observedStep) Func() types.StepFunc {
	f := s.Step.Func()
	if s.Level() == types.LevelAssess {
		return func(ctx context.Context, t *testing.T, cfg *envconf.Config) context.Context {
			t.Helper()
			return f(s.report.Observe(ctx, t), t, cfg)
		}
	}
	// A set-up or teardown that does not come to its end, because it failed or
	// skipped what follows, must not go unseen.
	return func(ctx context.Context, t *testing.T, cfg *envconf.Config) context.Context {
		t.Helper()
		failed, done := t.Failed(), false
		defer func() {
			if !done || t.Failed() && !failed {
				s.report.Fail(t.Name() + " (" + s.Name() + ")")
			}
		}()
		ctx = f(ctx, t, cfg)
		done = true
		return ctx
	}
}
