package workdir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Directory is a locked directory of mode 0700.
type Directory struct {
	path string
	once sync.Once
	lock *os.File
	err  error
}

// New removes what dead owners left in parent, and makes a directory there whose
// name starts with prefix, which must not be empty. An empty parent means
// os.TempDir(). What can't be removed is left for the next time: it is never a
// reason to fail.
func New(parent, prefix string) (*Directory, error) {
	if prefix == "" || strings.ContainsRune(prefix, filepath.Separator) {
		return nil, fmt.Errorf("making a directory: the prefix %q must be part of a name", prefix)
	}
	if parent == "" {
		parent = os.TempDir()
	}
	parent, err := filepath.Abs(parent)
	if err != nil {
		return nil, fmt.Errorf("making a directory in %q: %w", parent, err)
	}
	Sweep(parent, prefix)
	// A sweeper of another process may see the directory before it is locked,
	// and remove it: try again, with another name. Each try loses to a sweeper
	// only within microseconds, so that ten lost in a row mean something else.
	const tries = 10
	for range tries {
		path, err := os.MkdirTemp(parent, prefix+"-")
		if err != nil {
			return nil, fmt.Errorf("making a directory in %s: %w; choose another place, as with TMPDIR", parent, err)
		}
		lock, err := tryLock(path)
		if err == nil {
			return &Directory{path: path, lock: lock}, nil
		}
		if !errors.Is(err, errTaken) {
			return nil, errors.Join(fmt.Errorf("locking %s: %w", path, err), os.RemoveAll(path))
		}
	}
	return nil, fmt.Errorf("making a directory in %s: %d were removed by others as soon as they were made", parent, tries)
}

// Path is absolute.
func (d *Directory) Path() string { return d.path }

// Join is a path inside the directory.
func (d *Directory) Join(elements ...string) string {
	return filepath.Join(append([]string{d.path}, elements...)...)
}

// Remove removes the directory with all that is in it, and unlocks it. It may be
// called more than once.
func (d *Directory) Remove() error {
	d.once.Do(func() {
		d.err = errors.Join(os.RemoveAll(d.path), d.lock.Close())
	})
	if d.err != nil {
		return fmt.Errorf("removing %s: %w", d.path, d.err)
	}
	return nil
}

// RemoveExcept removes all but one entry of the directory, such as its logs, and
// unlocks it. Sweep leaves what remains alone for KeptFor.
func (d *Directory) RemoveExcept(name string) error {
	d.once.Do(func() {
		entries, err := os.ReadDir(d.path)
		d.err = err
		for _, entry := range entries {
			if entry.Name() != name {
				d.err = errors.Join(d.err, os.RemoveAll(d.Join(entry.Name())))
			}
		}
		d.err = errors.Join(d.err, os.WriteFile(d.Join(keptFile), nil, 0o600), d.lock.Close())
	})
	if d.err != nil {
		return fmt.Errorf("removing all but %s in %s: %w", name, d.path, d.err)
	}
	return nil
}

const (
	// KeptFor is how long RemoveExcept keeps things: a day, for a person to
	// look at them.
	KeptFor = 24 * time.Hour

	keptFile = ".kept"
)

func kept(path string) bool {
	info, err := os.Lstat(filepath.Join(path, keptFile))
	return err == nil && time.Since(info.ModTime()) < KeptFor
}

// Sweep removes the directories in parent that New made with this prefix and
// whose owner is dead. It returns the paths it removed. Directories in use, kept,
// or of other users, and symbolic links, are left alone.
func Sweep(parent, prefix string) []string {
	candidates, err := filepath.Glob(filepath.Join(escape(parent), escape(prefix)+"-*"))
	if err != nil {
		return nil // Only a malformed pattern, and this one is escaped.
	}
	var removed []string
	for _, path := range candidates {
		lock, err := tryLock(path)
		if err != nil {
			continue
		}
		if kept(path) {
			_ = lock.Close() // Nothing was written to it.
			continue
		}
		// A dying child of the dead owner may still write: the second time it
		// is gone, or the next sweep finds it.
		if os.RemoveAll(path) == nil || os.RemoveAll(path) == nil {
			removed = append(removed, path)
		}
		_ = lock.Close() // Nothing was written to it.
	}
	return removed
}

// errTaken says that a directory is locked by another, or gone.
var errTaken = errors.New("in use, or removed, by another process")

// tryLock locks a directory of this user without waiting.
func tryLock(path string) (*os.File, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errTaken
	}
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	file := os.NewFile(uintptr(fd), path)
	var opened unix.Stat_t
	if err := unix.Fstat(fd, &opened); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if int(opened.Uid) != os.Geteuid() {
		return nil, errors.Join(fmt.Errorf("belongs to user %d", opened.Uid), file.Close())
	}
	err = unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil, errors.Join(errTaken, file.Close())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("flock: %w", err), file.Close())
	}
	// The lock may be on a directory that was removed in between.
	var named unix.Stat_t
	if err := unix.Lstat(path, &named); err != nil || named.Ino != opened.Ino || named.Dev != opened.Dev {
		return nil, errors.Join(errTaken, file.Close())
	}
	return file, nil
}

// escape quotes what filepath.Match would take for a pattern.
func escape(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}
