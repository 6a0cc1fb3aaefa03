package postgrestest

import (
	"os/exec"
	"runtime"
)

// wait starts a process, says whether that worked, and waits until it has ended: all of it on one thread, which does not
// end before.
func wait(process *exec.Cmd, started chan<- error, ended chan<- struct{}) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(ended)
	err := process.Start()
	started <- err
	if err == nil {
		_ = process.Wait()
	}
}
