package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"example.com/annex/tools/controlplane"
	"example.com/annex/tools/testevents"
)

// directories are the names of the directories in dir.
func directories(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("looking for versions of Kubernetes: %w", err)
	}
	var names []string
	for _, entry := range entries {
		if entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("looking for versions of Kubernetes: %s has no directories", dir)
	}
	return names, nil
}

// withGo runs suites with the go command, one after the other.
func withGo(bin string) runner {
	return func(ctx context.Context, version string, suites []string) (map[string]counts, error) {
		dir, err := filepath.Abs(filepath.Join(bin, version))
		if err != nil {
			return nil, err
		}
		// A process that is killed leaves none behind: children of tests die with them.
		cmd := exec.CommandContext(ctx, "go", append([]string{"test", "-json", "-count=1", "-p=1"}, suites...)...)
		cmd.Env = append(os.Environ(), controlplane.BinariesVariable+"="+dir)
		cmd.Stderr = os.Stderr
		var stdout bytes.Buffer
		cmd.Stdout = &stdout
		var exit *exec.ExitError
		if err := cmd.Run(); err != nil && (!errors.As(err, &exit) || ctx.Err() != nil) {
			return nil, errors.Join(err, context.Cause(ctx))
		}
		return countEvents(&stdout, os.Stderr)
	}
}

// event is what test2json says (go doc test2json).
type event struct {
	Action  string
	Package string
	Test    string
	Elapsed float64 // Seconds.
	Output  string
}

// countEvents reads the events of go test -json. What packages with failures have said goes to log.
func countEvents(events io.Reader, log io.Writer) (map[string]counts, error) {
	all := map[string]counts{}
	said := map[[2]string]string{} // By package and test.
	whole := map[string]string{}   // By package.
	decoder := json.NewDecoder(events)
	for {
		var e event
		if err := decoder.Decode(&e); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, fmt.Errorf("reading what go test -json says: %w", err)
		}
		if e.Package == "" {
			continue // It is about a build.
		}
		c := all[e.Package]
		key := [2]string{e.Package, e.Test}
		switch e.Action {
		case "output":
			said[key] += e.Output
			whole[e.Package] += e.Output
		case "pass", "fail", "skip":
			switch {
			case e.Test == "":
				c.took = time.Duration(e.Elapsed * float64(time.Second))
				if e.Action == "fail" {
					// It was not built, or its clean-up failed.
					c.failed = max(c.failed, 1)
					fmt.Fprint(log, whole[e.Package])
				}
			case e.Action == "pass":
				c.passed++
			case e.Action == "fail":
				c.failed++
			default:
				c.skip(testevents.Reason(said[key]))
			}
		}
		all[e.Package] = c
	}
}
