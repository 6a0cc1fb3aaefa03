package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"example.com/annex/tools/kind/host"
)

// specification is the file that says what a container, or a process in one, may do, or empty for commands that have
// none: --bundle names a directory with config.json, --process a file.
func specification(args []string) string {
	for i, arg := range args {
		name, value, given := strings.Cut(arg, "=")
		if !given && i+1 < len(args) {
			value = args[i+1]
		}
		switch name {
		case "--bundle", "-b":
			return filepath.Join(value, "config.json")
		case "--process", "-p":
			return value
		}
	}
	return ""
}

// rewrite changes a file where it must, and leaves everything else as it is.
func rewrite(file string, conditions host.Conditions) error {
	content, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // runc says it better.
	}
	if err != nil {
		return err
	}
	changed, err := reduce(content, conditions)
	if err != nil {
		return err
	}
	return os.WriteFile(file, changed, 0o600)
}

// machineWide are the sysctls that are no namespace's. systemd sets some of them even in a container (fs.file-max,
// fs.nr_open), and a privileged container may set all.
var machineWide = []string{"/proc/sys/abi", "/proc/sys/debug", "/proc/sys/dev", "/proc/sys/fs", "/proc/sys/kernel", "/proc/sys/vm", "/proc/sysrq-trigger"}

// reduce takes config.json, or the process of it, of the OCI runtime specification 1.0.
func reduce(content []byte, conditions host.Conditions) ([]byte, error) {
	var document object
	if err := json.Unmarshal(content, &document); err != nil {
		return nil, err
	}
	if _, isContainer := document["process"]; !isContainer {
		if err := change(document, "capabilities", without(conditions)); err != nil {
			return nil, err
		}
		return json.Marshal(document)
	}
	err := change(document, "process", func(process object) (object, error) {
		return process, change(process, "capabilities", without(conditions))
	})
	if err != nil {
		return nil, err
	}
	err = change(document, "linux", func(linux object) (object, error) {
		var paths []string
		if given := linux["readonlyPaths"]; given != nil {
			if err := json.Unmarshal(given, &paths); err != nil {
				return nil, err
			}
		}
		encoded, err := json.Marshal(append(paths, machineWide...))
		linux["readonlyPaths"] = encoded
		return linux, err
	})
	if err != nil {
		return nil, err
	}
	return json.Marshal(document)
}

// object is of JSON, with fields that nobody here needs to know.
type object = map[string]json.RawMessage

// change changes a field, if the object has it.
func change[T any](in object, field string, do func(T) (T, error)) error {
	encoded, ok := in[field]
	if !ok {
		return nil
	}
	var value T
	if err := json.Unmarshal(encoded, &value); err != nil {
		return fmt.Errorf("reading %s: %w", field, err)
	}
	value, err := do(value)
	if err != nil {
		return fmt.Errorf("changing %s: %w", field, err)
	}
	in[field], err = json.Marshal(value)
	return err
}

// without takes capabilities out of the sets of them.
func without(conditions host.Conditions) func(map[string][]string) (map[string][]string, error) {
	return func(sets map[string][]string) (map[string][]string, error) {
		for name, list := range sets {
			sets[name] = conditions.Without(list)
		}
		return sets, nil
	}
}
