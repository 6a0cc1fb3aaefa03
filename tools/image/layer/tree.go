package layer

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// Tree are the files, directories and symbolic links below a directory on this machine, with their modes, as they are to
// lie below a path in an image. Anything else, such as a device, is an error.
func Tree(dir, at string) ([]Entry, error) {
	var entries []Entry
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == dir {
			return err
		}
		relative, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		entry := Entry{Path: path.Join("/", at, filepath.ToSlash(relative)), Mode: modeOf(info.Mode())}
		switch {
		case d.IsDir():
		case d.Type().IsRegular():
			entry.Source = name
		case d.Type()&fs.ModeSymlink != 0:
			if entry.Link, err = os.Readlink(name); err != nil {
				return err
			}
			entry.Mode = 0
		default:
			return fmt.Errorf("%s is neither a file nor a directory nor a link: %s", name, d.Type())
		}
		entries = append(entries, entry)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing the files of a layer: %w", err)
	}
	return entries, nil
}

// modeOf is a Go mode as chmod takes it.
func modeOf(mode fs.FileMode) Mode {
	bits := Mode(mode.Perm())
	for flag, bit := range map[fs.FileMode]Mode{fs.ModeSetuid: 0o4000, fs.ModeSetgid: 0o2000, fs.ModeSticky: 0o1000} {
		if mode&flag != 0 {
			bits |= bit
		}
	}
	return bits
}
