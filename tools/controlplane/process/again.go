package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
)

// Again runs this very program again, with the same arguments, input and outputs, waits for it, and returns its exit
// status: 128 and the signal's number where a signal ended it, as a shell says it. Signals that ask this program to end
// are passed on. The kernel kills the other when this program dies, be it by SIGKILL.
//
// The attributes say what is different about the other program, such as its namespaces, and variables are added to its
// environment, by which it knows itself. An error wraps that of the start, and the status is 1.
func Again(attributes syscall.SysProcAttr, variables ...string) (int, error) {
	// The kernel kills the child when the thread that started it ends
	// (prctl(2), PR_SET_PDEATHSIG).
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	// From before the start: none may end this program, and the other with it.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	defer signal.Stop(signals)

	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	cmd.Env = append(os.Environ(), variables...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	attributes.Pdeathsig = syscall.SIGKILL
	attributes.Setpgid = true // Ctrl-C comes once: from here.
	cmd.SysProcAttr = &attributes
	if err := cmd.Start(); err != nil {
		return 1, fmt.Errorf("running %s again: %w", os.Args[0], err)
	}
	done := make(chan struct{})
	defer close(done)
	go func() {
		for {
			select {
			case s := <-signals:
				_ = cmd.Process.Signal(s) // It may be gone already.
			case <-done:
				return
			}
		}
	}()
	err := cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return Status(exit.Sys().(syscall.WaitStatus)), nil
	}
	if err != nil {
		return 1, fmt.Errorf("waiting for %s: %w", os.Args[0], err)
	}
	return 0, nil
}

// Status is what a shell says of how a process has ended: its exit status, or 128 and the number of the signal that
// ended it.
func Status(status syscall.WaitStatus) int {
	if status.Signaled() {
		return 128 + int(status.Signal())
	}
	return status.ExitStatus()
}
