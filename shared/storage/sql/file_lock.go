package sql

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// fileLock is a file that one process at a time has locked. The kernel gives the lock up when the process ends.
type fileLock struct {
	file *os.File
}

// lockFile locks a file, which it makes if need be, and writes into it who has the lock.
func lockFile(path string) (*fileLock, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		holder, _ := os.ReadFile(path) // Empty for the moment before the other has written it.
		_ = file.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("process %s is using it, and only one can: stop that one, or keep the objects in PostgreSQL", strings.TrimSpace(string(holder)))
		}
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	err = file.Truncate(0)
	if err == nil {
		_, err = fmt.Fprintln(file, holder())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("writing %s: %w", path, err), file.Close())
	}
	return &fileLock{file: file}, nil
}

// holder is who has the lock, to whoever else wants it: the pid, and on which host, as a file may be shared.
func holder() string {
	host, err := os.Hostname()
	if err != nil {
		return strconv.Itoa(os.Getpid())
	}
	return fmt.Sprintf("%d on host %s", os.Getpid(), host)
}

// release gives the lock up. The file stays: removing it could leave two processes each with a lock on a file of that
// name.
func (l *fileLock) release() error { return l.file.Close() }
