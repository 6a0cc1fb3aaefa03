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

// rewrite changes the lists of capabilities in a file, and leaves everything else as it is.
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

// reduce takes config.json, or the process of it, of the OCI runtime specification 1.0.
func reduce(content []byte, conditions host.Conditions) ([]byte, error) {
	var document map[string]json.RawMessage
	if err := json.Unmarshal(content, &document); err != nil {
		return nil, err
	}
	process := document
	inner, isContainer := document["process"]
	if isContainer {
		process = nil
		if err := json.Unmarshal(inner, &process); err != nil {
			return nil, err
		}
	}
	if set, ok := process["capabilities"]; ok {
		var capabilities map[string][]string
		if err := json.Unmarshal(set, &capabilities); err != nil {
			return nil, fmt.Errorf("reading capabilities: %w", err)
		}
		for name, list := range capabilities {
			capabilities[name] = conditions.Without(list)
		}
		reduced, err := json.Marshal(capabilities)
		if err != nil {
			return nil, err
		}
		process["capabilities"] = reduced
	}
	if !isContainer {
		return json.Marshal(process)
	}
	reduced, err := json.Marshal(process)
	if err != nil {
		return nil, err
	}
	document["process"] = reduced
	return json.Marshal(document)
}
