package command

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// replacement is a file that takes another's place when it is whole: until then, and where nothing comes of it, that one stays.
type replacement struct {
	*os.File
	path string
}

// openReplacement prepares it, so that a directory that can't be written to is known before a run. What is no regular file, as
// /dev/stdout, is written to itself.
func openReplacement(path string) (*replacement, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		file, err := os.OpenFile(path, os.O_WRONLY, 0)
		return &replacement{file, ""}, err
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	return &replacement{file, path}, err
}

// fill writes the file and puts it into its place.
func (r *replacement) fill(write func(io.Writer) error) error {
	err := errors.Join(write(r), r.Close())
	if r.path == "" || err != nil {
		return errors.Join(err, r.discard())
	}
	const readable = 0o644 // Others read it, as CI systems do.
	if err := errors.Join(os.Chmod(r.Name(), readable), os.Rename(r.Name(), r.path)); err != nil {
		return errors.Join(fmt.Errorf("writing %s: %w", r.path, err), r.discard())
	}
	return nil
}

// discard removes what was not put into its place.
func (r *replacement) discard() error {
	_ = r.Close() // It may be closed.
	if r.path == "" {
		return nil
	}
	if err := os.Remove(r.Name()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
