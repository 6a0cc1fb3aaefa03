package main

import (
	"bytes"
	"errors"
	"fmt"
	goformat "go/format"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"
	"github.com/bazelbuild/buildtools/warn"
)

// source is a file that has a standard form.
type source struct {
	root string
	name string // relative to root, with slashes
}

func (s source) path() string { return filepath.Join(s.root, filepath.FromSlash(s.name)) }

// starlark is true for Bazel's files, false for Go's.
func (s source) starlark() bool { return !strings.HasSuffix(s.name, ".go") }

// sources are the Go and Bazel files below root, less those in hidden directories and in Bazel's output.
func sources(root string) ([]source, error) {
	var files []source
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() {
			if path != root && (strings.HasPrefix(name, ".") || name == "testdata") {
				return filepath.SkipDir
			}
			return nil
		}
		if !entry.Type().IsRegular() { // bazel-bin and so on are links
			return nil
		}
		switch {
		case strings.HasSuffix(name, ".go"), strings.HasSuffix(name, ".bzl"), name == "BUILD.bazel", name == "WORKSPACE":
			relative, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			files = append(files, source{root: root, name: filepath.ToSlash(relative)})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("looking for files to format: %w", err)
	}
	return files, nil
}

// format returns the file's standard form, or nil if it has it. The error names what is wrong with the file itself.
func (s source) format() ([]byte, error) {
	text, err := os.ReadFile(s.path())
	if err != nil {
		return nil, err
	}
	var formatted []byte
	var findings error
	if s.starlark() {
		formatted, findings, err = formatStarlark(s.name, text)
	} else {
		formatted, err = goformat.Source(text)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	if bytes.Equal(text, formatted) {
		return nil, findings
	}
	return formatted, findings
}

// formatStarlark formats as buildifier does, and returns what it would warn of.
func formatStarlark(name string, text []byte) (formatted []byte, findings, err error) {
	file, err := build.Parse(name, text)
	if err != nil {
		return nil, nil, err
	}
	var errs []error
	for _, finding := range warn.FileWarnings(file, warnings(), nil, warn.ModeWarn, nil) {
		errs = append(errs, fmt.Errorf("%s:%d: %s: %s", name, finding.Start.Line, finding.Category, finding.Message))
	}
	return build.Format(file), errors.Join(errs...), nil
}

// warnings are buildifier's default ones, less those that have nothing to say here: that rules which Bazel 7 has
// built in should be loaded, and that macros of WORKSPACE, which declare many repositories, should have a name.
func warnings() []string {
	return slices.DeleteFunc(slices.Clone(warn.DefaultWarnings), func(category string) bool {
		return strings.HasPrefix(category, "native-") || category == "unnamed-macro"
	})
}
