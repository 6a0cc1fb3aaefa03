package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// mount makes the root directory of Docker: its packages, with a layer above them that is kept in memory, and what a
// root directory has besides. The program sees the machine's files as ever, and a /proc of its own processes.
func (s *setup) mount() error {
	root := s.root()
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("making mounts private: %w", err)
	}
	layer := filepath.Join(s.Dir, "layer")
	if err := makeDirs(root, layer); err != nil {
		return err
	}
	data := s.Data
	if data == "" {
		data = filepath.Join(s.Dir, "data")
		if err := makeDirs(data); err != nil {
			return err
		}
	}
	if s.Images != "" {
		if err := copyImages(s.Images, data); err != nil {
			return fmt.Errorf("copying what Docker knows of images: %w", err)
		}
	}
	upper, work := filepath.Join(layer, "upper"), filepath.Join(layer, "work")
	in := func(path string) string { return filepath.Join(root, path) }
	steps := []func() error{
		mounting("tmpfs", layer, "tmpfs", 0, "mode=755"),
		func() error { return makeDirs(upper, work) },
		mounting("overlay", root, "overlay", 0, "lowerdir="+s.Root+",upperdir="+upper+",workdir="+work),
		func() error {
			return makeDirs(in("proc"), in("sys"), in("dev"), in("run"), in("tmp"), in("etc/docker"), in("var/lib/docker"), in("lib/modules"), in("usr/local/sbin"))
		},
		mounting("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""),
		mounting("proc", in("proc"), "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""),
		mounting("sysfs", in("sys"), "sysfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""),
		mounting(groupRoot, in(groupRoot), "", unix.MS_BIND|unix.MS_REC, ""),
		mounting("/dev", in("dev"), "", unix.MS_BIND|unix.MS_REC, ""),
		mounting("tmpfs", in("run"), "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755"),
		func() error { return s.shareData(data) },
		func() error { return s.shareModules(in("lib/modules")) },
		func() error { return s.shareImages(in("var/lib/docker")) },
		func() error { return copyProgram(s.Runc, in("usr/local/sbin/"+runtimeName)) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func makeDirs(dirs ...string) error {
	for _, dir := range dirs {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	return nil
}

func mounting(source, target, fstype string, flags uintptr, data string) func() error {
	return func() error {
		if err := unix.Mount(source, target, fstype, flags, data); err != nil {
			return fmt.Errorf("mounting %s at %s: %w", source, target, err)
		}
		return nil
	}
}

// shareData puts on the disk what is large of Docker's data. The rest are a few small databases, which would only wait
// for it. The directory is a mount: Docker would make it one, and hide what is mounted below.
func (s *setup) shareData(data string) error {
	target := filepath.Join(s.root(), "var/lib/docker")
	if err := mounting("tmpfs", target, "tmpfs", 0, "mode=710")(); err != nil {
		return err
	}
	for source, target := range map[string]string{
		"image":   filepath.Join(target, "image"),
		layers:    filepath.Join(target, layers),
		"volumes": filepath.Join(target, "volumes"),
		"tmp":     filepath.Join(s.root(), temporary),
	} {
		source = filepath.Join(data, source)
		if err := makeDirs(source, target); err != nil {
			return err
		}
		if err := mounting(source, target, "", unix.MS_BIND, "")(); err != nil {
			return err
		}
	}
	return nil
}

// temporary is Docker's directory for archives of images, inside of its root directory.
const temporary = "/var/tmp"

// shareReadOnly takes two steps: a bind mount ignores all other flags (mount(2)).
func shareReadOnly(source, target string) error {
	return errors.Join(
		mounting(source, target, "", unix.MS_BIND, "")(),
		mounting("", target, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, "")(),
	)
}

// shareModules shows nodes which kernel modules there are, where the machine has some.
func (s *setup) shareModules(target string) error {
	if _, err := os.Stat("/lib/modules"); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return shareReadOnly("/lib/modules", target)
}

// layers is where the storage driver overlay2 keeps the layers of images: l has short names of them, and each has a
// directory with its files in diff.
const layers = "overlay2"

// copyImages copies all of a data directory that is about images, but the files in them.
func copyImages(from, to string) error {
	if err := os.CopyFS(filepath.Join(to, "image"), os.DirFS(filepath.Join(from, "image"))); err != nil {
		return err
	}
	entries, err := os.ReadDir(filepath.Join(from, layers))
	if err != nil {
		return err
	}
	for _, entry := range entries {
		source, target := filepath.Join(from, layers, entry.Name()), filepath.Join(to, layers, entry.Name())
		if err := makeDirs(target); err != nil {
			return err
		}
		contents, err := os.ReadDir(source)
		if err != nil {
			return err
		}
		for _, content := range contents {
			if err := copyContent(content, source, target); err != nil {
				return err
			}
		}
	}
	return nil
}

// copyContent copies a file or a link beside the files of a layer, or makes an empty directory for them.
func copyContent(content fs.DirEntry, source, target string) error {
	source, target = filepath.Join(source, content.Name()), filepath.Join(target, content.Name())
	switch {
	case content.IsDir():
		return os.MkdirAll(target, 0o755)
	case content.Type()&fs.ModeSymlink != 0:
		link, err := os.Readlink(source)
		if err != nil {
			return err
		}
		return os.Symlink(link, target)
	default:
		text, err := os.ReadFile(source)
		if err != nil {
			return err
		}
		return os.WriteFile(target, text, 0o600)
	}
}

// shareImages shows the files of images, without a copy.
func (s *setup) shareImages(target string) error {
	if s.Images == "" {
		return nil
	}
	files, err := filepath.Glob(filepath.Join(s.Images, layers, "*", "diff"))
	if err != nil {
		return err
	}
	for _, source := range files {
		layer := filepath.Base(filepath.Dir(source))
		if err := shareReadOnly(source, filepath.Join(target, layers, layer, "diff")); err != nil {
			return err
		}
	}
	return nil
}

func copyProgram(source, target string) error {
	program, err := os.ReadFile(source)
	if err != nil {
		return fmt.Errorf("copying a program into Docker's root directory: %w", err)
	}
	if err := os.WriteFile(target, program, 0o755); err != nil {
		return fmt.Errorf("copying a program into Docker's root directory: %w", err)
	}
	return nil
}
