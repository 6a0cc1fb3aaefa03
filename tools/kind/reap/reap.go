package reap

import (
	"errors"

	"golang.org/x/sys/unix"
)

// Children waits until a child has ended, and calls ended for it, again and again, until ended returns false or there
// are no children. Nothing else in the program may wait for children.
func Children(ended func(pid int, status unix.WaitStatus) bool) error {
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, 0, nil)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if errors.Is(err, unix.ECHILD) {
			return nil
		}
		if err != nil {
			return err
		}
		if !ended(pid, status) {
			return nil
		}
	}
}
