package report

import (
	"context"
	"strings"
	"testing"

	"sigs.k8s.io/e2e-framework/pkg/envconf"
	"sigs.k8s.io/e2e-framework/pkg/types"

	"example.com/annex/e2e/trace"
)

// Feature is the feature, with its outcome going into the report. The requests
// of its clients are traced.
func (r *Report) Feature(feature types.Feature) types.Feature {
	return observed{Feature: feature, report: r, trace: &trace.Trace{}}
}

// observed is a feature whose outcome goes into a report.
type observed struct {
	types.Feature
	report *Report
	trace  *trace.Trace
}

func (o observed) Steps() []types.Step {
	steps := o.Feature.Steps()
	seen := make([]types.Step, len(steps))
	for i, step := range steps {
		seen[i] = observedStep{Step: step, feature: o}
	}
	return seen
}

// subject names one of the feature's steps.
func (o observed) subject(assessment string) Subject {
	label := func(name string) string { return strings.Join(o.Labels()[name], " ") }
	return Subject{
		Resource: label(LabelResource), Area: label(LabelArea), NotClaimed: label(LabelClaimed) == "false",
		Feature: o.Name(), Assessment: assessment,
	}
}

type observedStep struct {
	types.Step
	feature observed
}

func (s observedStep) Func() types.StepFunc {
	f, r := s.Step.Func(), s.feature.report
	if s.Level() == types.LevelAssess {
		return func(ctx context.Context, t *testing.T, cfg *envconf.Config) context.Context {
			t.Helper()
			ctx = trace.NewContext(ctx, s.feature.trace)
			ctx, do := r.observe(ctx, t, s.feature.subject(s.Name()))
			do(func() { ctx = f(ctx, t, cfg) })
			return ctx
		}
	}
	// A set-up or teardown that does not come to its end, because it failed or
	// skipped what follows, must not go unseen.
	return func(ctx context.Context, t *testing.T, cfg *envconf.Config) context.Context {
		t.Helper()
		ctx = trace.NewContext(ctx, s.feature.trace)
		failed, done := t.Failed(), false
		defer func() {
			if !done || t.Failed() && !failed {
				o := Outcome{
					Subject:   s.feature.subject(s.Name()),
					Test:      t.Name() + " (" + s.Name() + ")",
					Result:    Failed,
					Exchanges: s.feature.trace.Take(),
				}
				if ctx.Err() != nil {
					o.Result, o.Reason, o.Exchanges = Unfinished, context.Cause(ctx).Error(), nil
				}
				r.add(o)
				r.announce(t, ended, o)
			}
		}()
		ctx = f(ctx, t, cfg)
		done = true
		return ctx
	}
}
