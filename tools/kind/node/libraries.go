package node

import (
	"debug/elf"
	"fmt"
	"path/filepath"

	"example.com/annex/tools/image/layer"
)

// withLibraries are entries for dynamic programs of a root directory, and for the libraries that they need, at the same
// paths. Patterns are relative to the root directory; plug-ins that a program opens by itself are named like programs.
func (r root) withLibraries(patterns ...string) ([]layer.Entry, error) {
	seen := map[string]bool{}
	var entries []layer.Entry
	var add func(path string) error
	add = func(path string) error {
		if seen[path] {
			return nil
		}
		seen[path] = true
		file, err := elf.Open(r.path(path))
		if err != nil {
			return fmt.Errorf("reading /%s: %w", path, err)
		}
		defer file.Close()
		entries = append(entries, layer.Entry{Path: "/" + path, Source: r.path(path), Mode: 0o755})
		needs, err := file.ImportedLibraries()
		if err != nil {
			return fmt.Errorf("reading what /%s needs: %w", path, err)
		}
		for _, name := range needs {
			library, err := r.library(name)
			if err != nil {
				return fmt.Errorf("/%s: %w", path, err)
			}
			if err := add(library); err != nil {
				return err
			}
		}
		return nil
	}
	for _, pattern := range patterns {
		found, err := filepath.Glob(r.path(pattern))
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("there is no /%s", pattern)
		}
		for _, name := range found {
			path, err := filepath.Rel(string(r), name)
			if err != nil {
				return nil, err
			}
			if err := add(path); err != nil {
				return nil, err
			}
		}
	}
	return entries, nil
}

// library finds a library in Debian's directories.
func (r root) library(name string) (string, error) {
	for _, pattern := range []string{"usr/lib/*-linux-gnu/", "usr/lib/", "usr/lib64/"} {
		found, err := filepath.Glob(r.path(pattern) + "/" + name)
		if err != nil {
			return "", err
		}
		if len(found) > 0 {
			return filepath.Rel(string(r), found[0])
		}
	}
	return "", fmt.Errorf("it needs the library %s, which no package has", name)
}
