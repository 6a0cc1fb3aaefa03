// Package leftover_test looks at what clusters of kind leave behind on a machine: it must look from outside of their
// engine.
package leftover_test

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	provider "example.com/annex/e2e/framework/kind"
	"example.com/annex/tools/kind"
)

const (
	// childVariable makes this program one that has a cluster, until it is told to end.
	childVariable = "ANNEX_LEFTOVER_CHILD"
	// ready is what it says when it has one.
	ready = "the cluster is ready"
)

var creations = flag.Int("creations", 2, "How many clusters TestRows creates and deletes, one after the other")

func TestMain(m *testing.M) {
	flag.Parse()
	if os.Getenv(childVariable) == "" {
		os.Exit(m.Run())
	}
	status, err := kind.Run(os.Stdout, child)
	if errors.Is(err, kind.ErrRefused) {
		fmt.Println(err)
		os.Exit(refused)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(status)
}

// refused is the child's status where no nodes can run.
const refused = 77

func child(site *kind.Site) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	p := provider.New(provider.Options{Site: site, Log: os.Stdout})
	p.WithName("leftover")
	_, err := p.Create(ctx)
	if err == nil {
		fmt.Println(ready)
		<-ctx.Done()
	}
	if err := errors.Join(err, p.Destroy(context.WithoutCancel(ctx))); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// start starts a child, and returns when it has a cluster.
func start(t *testing.T) *exec.Cmd {
	t.Helper()
	if testing.Short() {
		t.Skip("-short was given")
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), childVariable+"=1")
	// Not kill -9 of the group: the child alone.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = t.Output()
	started := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // It is gone, unless the test has failed.
	var said strings.Builder
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if lines.Text() == ready {
			t.Logf("a cluster after %.1f s", time.Since(started).Seconds())
			go func() {
				for lines.Scan() { // It may go on to write.
				}
			}()
			return cmd
		}
		fmt.Fprintln(&said, lines.Text())
	}
	err = cmd.Wait()
	if cmd.ProcessState.ExitCode() == refused {
		t.Skip(said.String())
	}
	t.Fatalf("there is no cluster: %v\n%s", err, said.String())
	return nil
}

// expectNothing waits until there is nothing that was not there before, of the kinds that are named, or of all.
func expectNothing(t *testing.T, before state, ignore ...string) {
	t.Helper()
	var added []string
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		now := readState(t)
		for _, kind := range ignore {
			delete(now, kind)
		}
		if added = now.added(before); len(added) == 0 {
			return
		}
	}
	t.Errorf("left behind:\n%s", strings.Join(added, "\n"))
}

// TestRows creates and deletes clusters, one after the other.
func TestRows(t *testing.T) {
	before := readState(t)
	for range *creations {
		cmd := start(t)
		if during := readState(t).added(before); len(during) == 0 {
			t.Log("the engine is one that was there before")
		}
		stopping := time.Now()
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("deleting a cluster: %v", err)
		}
		t.Logf("gone after %.1f s", time.Since(stopping).Seconds())
		expectNothing(t, before)
	}
}

// TestKilled kills the program that has a cluster. What is left are empty directories and control groups, and the next
// run removes them.
func TestKilled(t *testing.T) {
	before := readState(t)
	cmd := start(t)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // It was killed.
	expectNothing(t, before, "control groups", "directories")

	cmd = start(t)
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("deleting a cluster: %v", err)
	}
	expectNothing(t, before)
}
