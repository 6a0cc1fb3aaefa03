// Format puts Go files and Bazel's files into their standard form.
//
//	./tools/bazel run //tools/format            # rewrites
//	./tools/bazel run //tools/format -- --check # only says which files are not in it, and exits with 1
//
// Go files are written as gofmt does, BUILD and .bzl files as buildifier does; the latter are also searched for the
// faults that buildifier warns of.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"

	"example.com/annex/shared/version"
)

func main() {
	check := flag.Bool("check", false, "change nothing; exit with 1 when a file is not in standard form")
	version.AddFlag(flag.CommandLine)
	flag.Parse()
	root := os.Getenv("BUILD_WORKSPACE_DIRECTORY")
	if root == "" {
		root = "."
	}
	if err := run(root, *check); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(root string, check bool) error {
	files, err := sources(root)
	if err != nil {
		return err
	}
	var errs []error
	for _, file := range files {
		formatted, err := file.format()
		if err != nil {
			errs = append(errs, err)
		}
		if formatted == nil {
			continue
		}
		if check {
			errs = append(errs, fmt.Errorf("%s: not in standard form: ./tools/bazel run //tools/format", file.name))
			continue
		}
		if err := os.WriteFile(file.path(), formatted, 0o644); err != nil {
			errs = append(errs, fmt.Errorf("writing %s: %w", file.name, err))
			continue
		}
		fmt.Println("formatted", file.name)
	}
	return errors.Join(errs...)
}
