package framework

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// artifacts is the directory where the logs of every process are written from
// the start, so that they are there however the run ends. When all has passed,
// it is removed.
type artifacts struct {
	dir string
}

// newArtifacts makes the directory: among Bazel's undeclared outputs, where
// they are kept beside the test's log, else under the temporary directory.
func newArtifacts(name string) (*artifacts, error) {
	parent := os.Getenv("TEST_UNDECLARED_OUTPUTS_DIR")
	if parent == "" {
		parent = os.TempDir()
	}
	dir, err := os.MkdirTemp(parent, "annex-e2e-"+strings.ReplaceAll(name, "/", "-")+"-")
	if err != nil {
		return nil, fmt.Errorf("making a directory for logs: %w", err)
	}
	return &artifacts{dir: dir}, nil
}

// keep says where the logs are, and how much of each there is.
func (a *artifacts) keep() string {
	var b strings.Builder
	fmt.Fprintf(&b, "logs are in %s:\n", a.dir)
	err := filepath.WalkDir(a.dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(a.dir, path)
		fmt.Fprintf(&b, "  %s (%d bytes)\n", name, info.Size())
		return err
	})
	if err != nil {
		fmt.Fprintf(&b, "  (listing them: %v)\n", err)
	}
	return b.String()
}

func (a *artifacts) remove() error {
	if err := os.RemoveAll(a.dir); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("removing the logs of a run that passed: %w", err)
	}
	return nil
}
