package runner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"example.com/annex/e2e/report"
)

// grace is how long the child may take to clean up after its tests once it is asked to end. A test that has ended has 10 seconds to
// delete what it made (step.CleanupContext).
const grace = 30 * time.Second

// Run carries out the plan, and records what becomes of it in the report. When ctx ends, so do the tests, which still clean up;
// what they had not come to is unfinished. The error says why a run did not end by itself. child are the arguments with which this
// program calls [Child] for the file that comes after them; that and all that tests leave goes into dir, a private directory that the
// caller removes, or the child, should it be left alone.
func Run(ctx context.Context, child []string, plan Plan, dir string, r *report.Report, progress report.Progress) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program, to start it again: %w", err)
	}
	planFile := filepath.Join(dir, "plan.json")
	if err := plan.write(planFile); err != nil {
		return err
	}

	cmd := exec.CommandContext(ctx, self, append(slices.Clone(child), planFile)...)
	// Ctrl-C goes to the terminal's foreground group: only this process may get it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// What tests leave in TMPDIR goes with the plan, however the child ends.
	cmd.Env = append(os.Environ(), "TMPDIR="+dir)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("starting the tests: %w", err)
	}
	defer stdin.Close()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("starting the tests: %w", err)
	}
	cmd.Cancel = func() error {
		_, err := io.WriteString(stdin, context.Cause(ctx).Error())
		return errors.Join(err, stdin.Close())
	}
	cmd.WaitDelay = grace // Then it is killed.
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting the tests: %w", err)
	}
	rest, followErr := r.Follow(stdout, progress)
	waitErr := cmd.Wait()
	switch status := cmd.ProcessState.ExitCode(); {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case followErr != nil:
		return followErr
	case status == 0, status == 1 && r.Failed():
		return nil
	default:
		return fmt.Errorf("the tests ended before their time: %w: %s", waitErr, lastLines(stderr.String()+rest))
	}
}

// lastLines is enough of what a process said to know why it died: a panic comes first, and the stacks of all goroutines after it.
func lastLines(said string) string {
	const most = 40
	if at := strings.Index(said, "panic: "); at >= 0 {
		said = said[at:]
	}
	lines := strings.Split(strings.TrimSpace(said), "\n")
	return strings.Join(lines[:min(len(lines), most)], "\n")
}
