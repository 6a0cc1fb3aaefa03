package cache

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Dir is where everything is: $XDG_CACHE_HOME/annex/kind, or ~/.cache/annex/kind.
func Dir() (string, error) {
	user, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding a directory for caches: %w; set HOME, or XDG_CACHE_HOME", err)
	}
	return filepath.Join(user, "annex", "kind"), nil
}

// Entry is a directory of the cache, in use by this process.
type Entry struct {
	path string
	lock *os.File
}

// Path is absolute. What is in it must not be changed.
func (e *Entry) Path() string { return e.path }

// Close ends the use. An entry that nobody uses may be removed.
func (e *Entry) Close() error { return e.lock.Close() }

// Open returns the entry of parent with a name and a key, which is a hash of all that it is made from. If there is none,
// fill makes it, in a directory of another name and whatever file system parent is on; other processes wait. Entries of
// the same name and another key are removed, unless somebody uses them.
func Open(parent, name, key string, fill func(dir string) error) (*Entry, error) {
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return nil, fmt.Errorf("making a directory for caches: %w", err)
	}
	path := filepath.Join(parent, name+"-"+key)
	for {
		entry, err := use(path)
		if err != nil || entry != nil {
			return entry, err
		}
		if err := makeEntry(parent, name, path, fill); err != nil {
			return nil, fmt.Errorf("making %s: %w", path, err)
		}
	}
}

const (
	lockSuffix = ".lock"
	partSuffix = ".part"
)

// use returns nil if there is no such entry. The lock is shared.
func use(path string) (*Entry, error) {
	lock, err := flock(path+lockSuffix, unix.LOCK_SH)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil, lock.Close()
		}
		return nil, errors.Join(err, lock.Close())
	}
	return &Entry{path: path, lock: lock}, nil
}

func makeEntry(parent, name, path string, fill func(dir string) error) error {
	lock, err := flock(path+lockSuffix, unix.LOCK_EX)
	if err != nil {
		return err
	}
	defer lock.Close() // Nothing is written to it.
	if _, err := os.Stat(path); err == nil {
		return nil // Another process was faster.
	}
	removeOthers(parent, name, path)
	part := path + partSuffix
	if err := os.RemoveAll(part); err != nil { // Of a process that was killed.
		return err
	}
	if err := os.Mkdir(part, 0o755); err != nil {
		return err
	}
	if err := fill(part); err != nil {
		return errors.Join(err, os.RemoveAll(part))
	}
	return os.Rename(part, path)
}

// removeOthers makes room. What can't be removed now is removed another time.
func removeOthers(parent, name, path string) {
	locks, err := filepath.Glob(filepath.Join(parent, name+"-*"+lockSuffix))
	if err != nil {
		return // Only of a malformed pattern.
	}
	for _, file := range locks {
		other := strings.TrimSuffix(file, lockSuffix)
		if other == path {
			continue
		}
		lock, err := flock(file, unix.LOCK_EX|unix.LOCK_NB)
		if err != nil {
			continue
		}
		// The lock file stays: another may be waiting for it.
		_ = os.RemoveAll(other)
		_ = os.RemoveAll(other + partSuffix)
		_ = lock.Close()
	}
}

func flock(path string, how int) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking: %w", err)
	}
	for {
		err = unix.Flock(int(file.Fd()), how)
		if err == nil {
			return file, nil
		}
		if !errors.Is(err, unix.EINTR) {
			return nil, errors.Join(fmt.Errorf("locking %s: %w", path, err), file.Close())
		}
	}
}
