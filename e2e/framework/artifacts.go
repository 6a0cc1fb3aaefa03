package framework

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"example.com/annex/tools/controlplane/workdir"
)

// artifacts is the directory where the logs of every process are written from
// the start, so that they are there however the run ends. When all has passed,
// it is removed.
type artifacts struct {
	dir string
	// owner is nil where Bazel owns the directory.
	owner *workdir.Directory
}

// outputsVariable is the environment variable with the directory whose files Bazel keeps beside the test's log.
const outputsVariable = "TEST_UNDECLARED_OUTPUTS_DIR"

// logs is the directory's name within its owner's, or Bazel's.
const logs = "logs"

// newArtifacts makes the directory: among Bazel's undeclared outputs, where
// they are kept beside the test's log, else under the temporary directory, where
// they are kept for a day.
func newArtifacts(name string) (*artifacts, error) {
	a := &artifacts{}
	if outputs := os.Getenv(outputsVariable); outputs != "" {
		a.dir = filepath.Join(outputs, logs)
	} else {
		owner, err := workdir.New("", "annex-e2e-"+name)
		if err != nil {
			return nil, err
		}
		a.owner, a.dir = owner, owner.Join(logs)
	}
	if err := os.MkdirAll(a.dir, 0o700); err != nil {
		return nil, fmt.Errorf("making a directory for logs: %w", err)
	}
	return a, nil
}

// panics are what Go, and Kubernetes' libraries, write when something panics.
var panics = [][]byte{[]byte("Observed a panic"), []byte("apiserver panic'd"), []byte("panic: "), []byte("fatal error: ")}

// panicked says whether a server has panicked, by its log, and quotes the first line about it. Where the run has no log of the
// server, nothing is known.
func (a *artifacts) panicked(server string) error {
	log, err := os.ReadFile(filepath.Join(a.dir, server+".log"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return fmt.Errorf("looking for panics in a server's log: %w", err)
	}
	for line := range bytes.Lines(log) {
		if slices.ContainsFunc(panics, func(p []byte) bool { return bytes.Contains(line, p) }) {
			return fmt.Errorf("server %s has panicked: %s", server, bytes.TrimSpace(line[:min(len(line), 500)]))
		}
	}
	return nil
}

// keep leaves the logs where they are, and says where that is and how much of
// each there is.
func (a *artifacts) keep() (string, error) {
	entries, err := os.ReadDir(a.dir)
	if err != nil {
		return "", fmt.Errorf("listing the logs: %w", err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "logs are in %s:", a.dir)
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil {
			fmt.Fprintf(&b, " %s (%d bytes)", entry.Name(), info.Size())
		}
	}
	if a.owner != nil {
		err = a.owner.RemoveExcept(logs)
	}
	return b.String(), err
}

// remove removes the logs of a run that passed.
func (a *artifacts) remove() error {
	if a.owner != nil {
		return a.owner.Remove()
	}
	if err := os.RemoveAll(a.dir); err != nil {
		return fmt.Errorf("removing the logs of a run that passed: %w", err)
	}
	return nil
}
