package runner

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"sigs.k8s.io/e2e-framework/pkg/env"
	"sigs.k8s.io/e2e-framework/pkg/envconf"
	"sigs.k8s.io/e2e-framework/pkg/features"
	"sigs.k8s.io/e2e-framework/pkg/types"

	"example.com/annex/e2e/conformance"
	"example.com/annex/e2e/report"
	"example.com/annex/e2e/step"
)

// ChildCommand is the name of the command that calls [Child].
const ChildCommand = "run-plan"

// statusNotRun is the child's exit status if it ran no test. Package testing exits with 0, with 1 if a test failed, and a panic
// with 2.
const statusNotRun = 3

// Child runs the plan in the file as tests, and exits. What it says on standard output is for [report.Report.Follow].
func Child(planFile string) {
	tests, err := prepare(planFile)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(statusNotRun)
	}
	testing.Main(func(string, string) (bool, error) { return true, nil }, tests, nil, nil) // Exits.
}

// prepare makes tests of the plan.
func prepare(planFile string) ([]testing.InternalTest, error) {
	plan, err := readPlan(planFile)
	if err != nil {
		return nil, err
	}
	selects, err := plan.selects()
	if err != nil {
		return nil, err
	}
	resources, err := plan.Claims.ToResources()
	if err != nil {
		return nil, err
	}
	testing.Init()
	if err := flag.CommandLine.Parse([]string{"-test.v=test2json", "-test.parallel=" + strconv.Itoa(plan.Parallel)}); err != nil {
		return nil, fmt.Errorf("setting the flags of package testing: %w", err)
	}
	e := &environment{ctx: untilInputEnds(os.Stdin), selects: selects, report: report.Report{Announce: true}}
	e.ctx = context.WithValue(e.ctx, step.KubectlKey{}, plan.Kubectl)
	e.ctx = context.WithValue(e.ctx, step.RunKey{}, plan.Run)
	var namespaces step.Namespaces
	e.ctx = context.WithValue(e.ctx, step.NamespacesKey{}, &namespaces)
	if e.env, err = env.NewWithContext(e.ctx, envconf.NewWithKubeConfig(plan.Kubeconfig)); err != nil {
		return nil, fmt.Errorf("making the environment of the tests: %w", err)
	}
	return []testing.InternalTest{{Name: "conformance", F: func(t *testing.T) {
		t.Cleanup(func() {
			if !errors.Is(context.Cause(e.ctx), errAlone) {
				return // The parent does it, with all else: Sweep.
			}
			ctx, cancel := step.CleanupContext(e.ctx)
			defer cancel()
			namespaces.Delete(ctx)
			// Nobody else does, and the kubeconfig is in it.
			if err := os.RemoveAll(filepath.Dir(planFile)); err != nil {
				t.Error(err)
			}
		})
		conformance.Run(t, e, resources...)
	}}}, nil
}

// environment runs the features of a plan.
type environment struct {
	ctx     context.Context
	env     types.Environment
	selects func(types.Feature) bool
	report  report.Report
}

var _ conformance.Environment = (*environment)(nil)

// Test runs those of the features that are selected, until the run is to end: the others are in the report as not run.
func (e *environment) Test(t *testing.T, builders ...*features.FeatureBuilder) {
	t.Helper()
	for _, builder := range builders {
		feature := builder.Feature()
		if e.ctx.Err() == nil && e.selects(feature) {
			e.env.Test(t, e.report.Feature(feature))
		}
	}
}

// errAlone is why a run ends whose parent has not said why.
var errAlone = errors.New("the program that started the run is gone")

// untilInputEnds returns a context that is cancelled when the input ends: the parent has closed it, after saying why, or has died.
func untilInputEnds(input io.Reader) context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	go func() {
		said, err := io.ReadAll(input)
		cause := errors.New(strings.TrimSpace(string(said)))
		if len(said) == 0 || err != nil {
			cause = errAlone
		}
		cancel(cause)
	}()
	return ctx
}
