package reap_test

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"example.com/annex/tools/kind/reap"
)

// TestChildren has the only test of this program, since it waits for all of its children.
func TestChildren(t *testing.T) {
	started := map[int]bool{}
	for _, script := range []string{"exit 0", "exit 3", "kill -9 $$"} {
		process, err := os.StartProcess("/bin/sh", []string{"sh", "-c", script}, &os.ProcAttr{})
		if err != nil {
			t.Fatal(err)
		}
		started[process.Pid] = true
	}
	statuses := map[string]int{}
	err := reap.Children(func(pid int, status unix.WaitStatus) bool {
		if !started[pid] {
			t.Errorf("process %d was not started here", pid)
		}
		delete(started, pid)
		switch {
		case status.Signaled():
			statuses["killed"]++
		case status.ExitStatus() == 3:
			statuses["failed"]++
		default:
			statuses["ended"]++
		}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(started) > 0 || statuses["killed"] != 1 || statuses["failed"] != 1 || statuses["ended"] != 1 {
		t.Errorf("got %v, and %v are not waited for", statuses, started)
	}
}
