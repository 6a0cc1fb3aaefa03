package engine

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// becomeDocker makes the engine's root directory that of this process's mount namespace, and becomes dockerd. A mere
// chroot would not do: who enters the namespace of a container from there, as docker exec does, would find himself in the
// machine's own root directory.
func (s *setup) becomeDocker() error {
	if err := os.Chdir(s.root()); err != nil {
		return err
	}
	// The old root directory comes to lie above the new one, and is taken away (pivot_root(2), "pivot_root(".", ".")").
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("entering %s: %w", s.root(), err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("leaving the machine's root directory: %w", err)
	}
	if err := os.Chdir("/"); err != nil {
		return err
	}
	const dockerd = "/usr/sbin/dockerd"
	err := unix.Exec(dockerd, []string{
		filepath.Base(dockerd),
		"--host=unix:///run/docker.sock",
		"--data-root=/var/lib/docker",
		"--exec-root=/run/docker",
		"--pidfile=/run/docker.pid",
		"--storage-driver=overlay2",
		"--cgroup-parent=/" + s.Name,
	}, []string{"PATH=" + systemPath, "HOME=/run", "DOCKER_TMPDIR=" + temporary})
	return fmt.Errorf("running %s: %w", dockerd, err)
}

const systemPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
