package process_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/annex/shared/condition"
	"example.com/annex/tools/controlplane/process"
)

// roleVariable makes this test program the child, or the parent, of a test.
const roleVariable = "PROCESS_TEST_ROLE"

func TestMain(m *testing.M) {
	switch role := os.Getenv(roleVariable); role {
	case "":
		os.Exit(m.Run())
	case "fail":
		fmt.Println("line one")
		fmt.Println("what went wrong")
		os.Exit(3)
	case "polite", "stubborn":
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, syscall.SIGTERM)
		fmt.Println("up")
		for range signals {
			if role == "polite" {
				os.Exit(0)
			}
		}
	case "parent":
		child, err := process.Start(context.Background(), command(os.Getenv("PROCESS_TEST_LOG"), "stubborn"))
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(child.Pid())
		select {} // until killed
	}
}

func command(logFile, role string) process.Command {
	program, err := os.Executable()
	if err != nil {
		panic(err) // In a test program, where nothing else could go on.
	}
	return process.Command{
		Name:    role,
		Path:    program,
		Env:     []string{roleVariable + "=" + role},
		LogFile: logFile,
	}
}

func start(t *testing.T, c process.Command) *process.Process {
	t.Helper()
	p, err := process.Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Kill(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// saysUp is ready once the log says "up".
func saysUp(logFile string) func(context.Context) error {
	return func(context.Context) error {
		data, err := os.ReadFile(logFile)
		if err == nil && !strings.Contains(string(data), "up\n") {
			err = errors.New("it has not said that it is up")
		}
		return err
	}
}

// gone tells whether a process has ended; a zombie has.
func gone(pid int) bool {
	data, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	return err != nil || strings.Contains(string(data), ") Z ")
}

func TestStopIsPolite(t *testing.T) {
	t.Parallel()
	c := command(filepath.Join(t.TempDir(), "log"), "polite")
	c.Ready = saysUp(c.LogFile)
	c.Grace = time.Minute
	p := start(t, c)
	if err := p.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := p.Err(); err != nil {
		t.Fatalf("Err of a running process: %v", err)
	}
	for range 2 {
		if err := p.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	var exit *process.ExitError
	if !errors.As(p.Err(), &exit) || exit.State.ExitCode() != 0 {
		t.Errorf("ended with %v, want exit status 0", p.Err())
	}
	if !gone(p.Pid()) {
		t.Error("it still runs")
	}
}

func TestStopIsFirm(t *testing.T) {
	t.Parallel()
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, tc := range []struct {
		name  string
		ctx   context.Context
		grace time.Duration
	}{
		{"after the grace", t.Context(), 50 * time.Millisecond},
		{"when the context is done", cancelled, time.Minute},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := command(filepath.Join(t.TempDir(), "log"), "stubborn")
			c.Ready, c.Grace = saysUp(c.LogFile), tc.grace
			ctx := tc.ctx
			p, err := process.Start(context.WithoutCancel(ctx), c)
			if err != nil {
				t.Fatal(err)
			}
			if err := p.WaitReady(context.WithoutCancel(ctx)); err != nil {
				t.Fatal(err)
			}
			if err := p.Stop(ctx); err != nil {
				t.Fatal(err)
			}
			if !gone(p.Pid()) {
				t.Error("it still runs")
			}
		})
	}
}

func TestExitBeforeReadySaysWhy(t *testing.T) {
	t.Parallel()
	c := command(filepath.Join(t.TempDir(), "log"), "fail")
	c.Ready = func(context.Context) error { return errors.New("not yet") }
	if err := os.WriteFile(c.LogFile, []byte("of an earlier life\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := start(t, c).WaitReady(t.Context())
	var exit *process.ExitError
	if !errors.As(err, &exit) || exit.State.ExitCode() != 3 {
		t.Fatalf("got %v, want an ExitError with status 3", err)
	}
	for _, want := range []string{"fail ended", "exit status 3", "what went wrong", c.LogFile} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
	if strings.Contains(err.Error(), "earlier life") {
		t.Errorf("%q quotes what another process wrote", err)
	}
}

func TestWaitReadyHonoursContext(t *testing.T) {
	t.Parallel()
	c := command(filepath.Join(t.TempDir(), "log"), "polite")
	c.Ready = func(context.Context) error { return errors.New("the port is closed") }
	p := start(t, c)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	err := p.WaitReady(ctx)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "the port is closed") {
		t.Errorf("got %v, want the deadline and why it was not ready", err)
	}
	if p.Err() != nil {
		t.Errorf("the process ended: %v", p.Err())
	}
}

func TestStartRefuses(t *testing.T) {
	t.Parallel()
	c := command(filepath.Join(t.TempDir(), "log"), "missing")
	c.Path = filepath.Join(t.TempDir(), "missing")
	if _, err := process.Start(t.Context(), c); err == nil || !strings.Contains(err.Error(), c.Path) {
		t.Errorf("got %v, want an error that names %s", err, c.Path)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := process.Start(ctx, command(c.LogFile, "polite")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

func TestChildDiesWithKilledParent(t *testing.T) {
	t.Parallel()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	parent := exec.CommandContext(t.Context(), program)
	parent.Env = append(os.Environ(), roleVariable+"=parent", "PROCESS_TEST_LOG="+filepath.Join(t.TempDir(), "log"))
	output, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	child, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	if gone(child) {
		t.Fatal("the child did not live")
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait() // It was killed.
	condition.Eventually(t.Context(), t, 10*time.Second, "the child to end", condition.Holds(func() bool { return gone(child) }))
}
