package runner

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/e2e-framework/pkg/env"
	"sigs.k8s.io/e2e-framework/pkg/envconf"

	"example.com/annex/e2e/report"
	"example.com/annex/e2e/step"
)

// ChildCommand is the argument with which the program runs as a child; the plan's file is the next one.
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

// prepare makes tests of the plan's features.
func prepare(planFile string) ([]testing.InternalTest, error) {
	plan, err := readPlan(planFile)
	if err != nil {
		return nil, err
	}
	features, err := plan.Features()
	if err != nil {
		return nil, err
	}
	testing.Init()
	if err := flag.CommandLine.Parse([]string{"-test.v=test2json", "-test.parallel=" + strconv.Itoa(plan.Parallel)}); err != nil {
		return nil, fmt.Errorf("setting the flags of package testing: %w", err)
	}
	ctx := context.WithValue(untilInputEnds(os.Stdin), step.KubectlKey{}, plan.Kubectl)
	ctx = context.WithValue(ctx, step.RunKey{}, plan.Run)
	testenv, err := env.NewWithContext(ctx, envconf.NewWithKubeConfig(plan.Kubeconfig))
	if err != nil {
		return nil, fmt.Errorf("making the environment of the tests: %w", err)
	}
	r := &report.Report{Announce: true}
	r.Start(time.Now())
	var tests []testing.InternalTest
	for _, f := range features {
		if !f.Selected {
			continue
		}
		tests = append(tests, testing.InternalTest{Name: f.Name(), F: func(t *testing.T) {
			t.Parallel()
			if ctx.Err() != nil {
				return // The report has it as not run.
			}
			testenv.Test(t, r.Feature(f.Feature))
		}})
	}
	return tests, nil
}

// untilInputEnds returns a context that is cancelled when the input ends: the parent has closed it, after saying why, or has died.
func untilInputEnds(input io.Reader) context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	go func() {
		said, err := io.ReadAll(input)
		cause := strings.TrimSpace(string(said))
		if cause == "" || err != nil {
			cause = "the program that started the run is gone"
		}
		cancel(errors.New(cause))
	}()
	return ctx
}
