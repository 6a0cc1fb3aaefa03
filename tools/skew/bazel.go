package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"example.com/annex/tools/testevents"
)

// withBazel runs suites as targets, in the checkout from which Bazel has run this program. Bazel waits for nobody by then.
func withBazel(checkout string) (runner, error) {
	if checkout == "" {
		return nil, errors.New("finding the checkout: run this with ./tools/bazel run //tools/skew, or without Bazel with -bin")
	}
	return func(ctx context.Context, version string, suites []string) (map[string]counts, error) {
		dir, err := os.MkdirTemp("", "annex-skew-")
		if err != nil {
			return nil, fmt.Errorf("making a directory for Bazel's events: %w", err)
		}
		defer os.RemoveAll(dir)
		events := filepath.Join(dir, "events.json")
		args := []string{"test", "--//tools/controlplane:kubernetes=" + version, "--build_event_json_file=" + events, "--"}
		cmd := exec.CommandContext(ctx, filepath.Join(checkout, "tools", "bazel"), append(args, suites...)...)
		cmd.Dir, cmd.Stdout, cmd.Stderr = checkout, os.Stderr, os.Stderr
		// Its server would go on without it.
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
		var exit *exec.ExitError
		// That tests failed, the events say, too.
		if err := cmd.Run(); err != nil && (!errors.As(err, &exit) || ctx.Err() != nil) {
			return nil, errors.Join(err, context.Cause(ctx))
		}
		results, err := testevents.Read(events)
		if err != nil {
			return nil, err
		}
		return countTargets(results), nil
	}, nil
}

func countTargets(results []testevents.Result) map[string]counts {
	all := map[string]counts{}
	for _, r := range results {
		c := all[r.Target]
		failed := c.failed
		for _, test := range r.Cases {
			switch {
			case test.Failed():
				c.failed++
			case test.Skipped != nil:
				c.skip(test.Skipped.Reason())
			default:
				c.passed++
			}
		}
		// It was not built, timed out or crashed, which its report can't say.
		if !r.Passed && c.failed == failed {
			c.failed++
		}
		c.took += r.Duration.Round(time.Millisecond)
		all[r.Target] = c
	}
	return all
}
