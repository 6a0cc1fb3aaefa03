package step

import (
	"bufio"
	"bytes"
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"example.com/annex/e2e/report"
	"example.com/annex/e2e/trace"
)

// KubectlKey is the context key under which the environment keeps the path of
// the kubectl binary (a string). Where that is empty there is none, and what
// needs it is skipped.
type KubectlKey struct{}

// Kubectl runs kubectl as the cluster administrator, with the session's
// namespace as the default, and returns its standard output. Anything but exit
// status 0 fails the test at once.
func (s *Session) Kubectl(ctx context.Context, t *testing.T, args ...string) string {
	t.Helper()
	out, err := s.TryKubectl(ctx, t, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TryKubectl is [Session.Kubectl] for commands that may fail. The error holds
// what kubectl wrote to standard error.
func (s *Session) TryKubectl(ctx context.Context, t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := s.kubectl(ctx, t, args)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	started := time.Now()
	err := cmd.Run()
	done := trace.Exchange{Command: "kubectl " + strings.Join(args, " "), Message: stderr.String(), Seconds: time.Since(started).Seconds()}
	if cmd.ProcessState != nil {
		done.Status = cmd.ProcessState.ExitCode()
	}
	s.trace.Add(done)
	if err != nil {
		return stdout.String(), &kubectlError{args: args, stderr: stderr.String(), err: err}
	}
	return stdout.String(), nil
}

// KubectlLines runs a command that does not end by itself, and returns the lines
// that it writes to standard output, as they come. The channel is closed when
// the command ends; the command, when the test does.
func (s *Session) KubectlLines(ctx context.Context, t *testing.T, args ...string) <-chan string {
	t.Helper()
	ctx, cancel := context.WithCancel(ctx)
	cmd := s.kubectl(ctx, t, args)
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		cancel()
		t.Fatalf("kubectl %s: %v", strings.Join(args, " "), err)
	}
	lines, done := make(chan string), make(chan struct{})
	go func() {
		defer close(done)
		defer close(lines)
		for scanner := bufio.NewScanner(stdout); scanner.Scan(); {
			select {
			case lines <- scanner.Text():
			case <-ctx.Done():
			}
		}
		_ = cmd.Wait() // What it wrote is what matters.
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return lines
}

func (s *Session) kubectl(ctx context.Context, t *testing.T, args []string) *exec.Cmd {
	t.Helper()
	path, ok := ctx.Value(KubectlKey{}).(string)
	if !ok {
		t.Fatal("running kubectl: the environment did not say where it is")
	}
	if path == "" {
		report.Skip(ctx, t, "no kubectl")
	}
	cache := s.KubectlCache
	if cache == "" {
		cache = t.TempDir()
	}
	// A cache of its own: kubectl keeps discovery and OpenAPI under the user's
	// home by default, and another cluster's answers with it.
	return exec.CommandContext(ctx, path, append([]string{
		"--kubeconfig", s.Kubeconfig, "--context", s.Context, "--cache-dir", cache, "--namespace", s.Namespace,
	}, args...)...)
}

type kubectlError struct {
	args   []string
	stderr string
	err    error
}

func (e *kubectlError) Error() string {
	return "kubectl " + strings.Join(e.args, " ") + ": " + e.err.Error() + ": " + strings.TrimSpace(e.stderr)
}

func (e *kubectlError) Unwrap() error { return e.err }
