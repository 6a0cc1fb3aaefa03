package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// pauseVariable makes this test's program pause.
const pauseVariable = "ANNEX_TEST_PAUSE"

func TestMain(m *testing.M) {
	if os.Getenv(pauseVariable) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// TestPause: it reaps, and ends when it is told to, children or not.
func TestPause(t *testing.T) {
	t.Parallel()
	// The shell becomes pause, which so has one child that is dead soon, and one that lives on.
	cmd := exec.Command("/bin/sh", "-c", `sleep 0.1 & sleep 60 & exec "$0"`, os.Args[0])
	cmd.Env = append(os.Environ(), pauseVariable+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }) // Its children, too.
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	children := func() int {
		pids, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", cmd.Process.Pid))
		if err != nil {
			t.Skipf("this kernel does not tell of children: %v", err)
		}
		return len(strings.Fields(string(pids)))
	}
	reaped := false
	for end := time.Now().Add(10 * time.Second); !reaped && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		// Not the shell's any more, which would end by the signal.
		program, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", cmd.Process.Pid))
		reaped = err == nil && !strings.HasSuffix(program, "sh") && children() == 1
	}
	if !reaped {
		t.Fatalf("%d children, want the one that lives", children())
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("it ended with %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("it goes on after SIGTERM")
	}
}
