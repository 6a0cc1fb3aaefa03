package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	groupRoot = "/sys/fs/cgroup"
	// groupPrefix is what the names of engines' control groups start with. Every process of an engine is in its group, or
	// one below.
	groupPrefix = "annex-kind-"
)

// join makes the control group of an engine, and puts this process into a group below, where its children are born: a
// group with a process in it is nobody's to sweep. In version 1 one hierarchy is enough for that.
func join(name string) error {
	hierarchy := groupRoot
	if _, err := os.Stat(filepath.Join(groupRoot, "cgroup.procs")); err != nil {
		hierarchies, err := filepath.Glob(filepath.Join(groupRoot, "*", "cgroup.procs"))
		if err != nil || len(hierarchies) == 0 {
			return fmt.Errorf("there are no control groups in %s", groupRoot)
		}
		hierarchy = filepath.Dir(hierarchies[0])
		// A group of cpuset takes no processes before it has CPUs.
		if slices.Contains(hierarchies, filepath.Join(groupRoot, "pids", "cgroup.procs")) {
			hierarchy = filepath.Join(groupRoot, "pids")
		}
	}
	group := filepath.Join(hierarchy, name, "init")
	var err error
	for range 10 { // A sweep may remove it before there is a process in it.
		if err = os.MkdirAll(group, 0o755); err != nil {
			continue
		}
		if err = os.WriteFile(filepath.Join(group, "cgroup.procs"), []byte("0"), 0); err == nil {
			return nil
		}
	}
	return fmt.Errorf("entering the control group %s: %w", group, err)
}

// sweepGroups removes control groups of dead engines whose names start with the prefix, in all hierarchies. Those with a
// process in one hierarchy stay in all of them.
func sweepGroups(prefix string) error {
	groups := map[string][]string{}
	for _, pattern := range []string{prefix + "*", "*/" + prefix + "*"} {
		found, err := filepath.Glob(filepath.Join(groupRoot, pattern))
		if err != nil {
			return err
		}
		for _, group := range found {
			groups[filepath.Base(group)] = append(groups[filepath.Base(group)], group)
		}
	}
	var errs []error
	for _, trees := range groups {
		if !slices.ContainsFunc(trees, populated) {
			for _, tree := range trees {
				errs = append(errs, removeGroups(tree))
			}
		}
	}
	return errors.Join(errs...)
}

func populated(tree string) bool {
	found := false
	_ = filepath.WalkDir(tree, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() != "cgroup.procs" {
			return nil // Gone by now.
		}
		if procs, err := os.ReadFile(path); err == nil && strings.TrimSpace(string(procs)) != "" {
			found = true
			return fs.SkipAll
		}
		return nil
	})
	return found
}

// removeGroups removes the innermost groups first. The kernel may need a moment after their processes are gone.
func removeGroups(tree string) error {
	var dirs []string
	_ = filepath.WalkDir(tree, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			dirs = append(dirs, path)
		}
		return nil
	})
	for _, dir := range slices.Backward(dirs) {
		var err error
		for range 50 {
			if err = unix.Rmdir(dir); err == nil || errors.Is(err, unix.ENOENT) {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		if err != nil && !errors.Is(err, unix.ENOENT) {
			return fmt.Errorf("removing the control group %s: %w", dir, err)
		}
	}
	return nil
}
