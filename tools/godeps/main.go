// Godeps writes tools/build/go_deps.bzl, the macro by which Bazel knows the Go modules of go.mod.
//
//	./tools/bazel run //tools/godeps          # after every change of go.mod
//	godeps -mod go.mod -sum go.sum            # to standard output
//
// It reads two files and nothing else, so that a test can tell whether the macro is in step.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"example.com/annex/shared/version"
)

const output = "tools/build/go_deps.bzl"

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "godeps:", err)
		os.Exit(1)
	}
}

func run() error {
	workspace := os.Getenv("BUILD_WORKSPACE_DIRECTORY")
	mod := flag.String("mod", filepath.Join(workspace, "go.mod"), "the go.mod `file` to read")
	sum := flag.String("sum", filepath.Join(workspace, "go.sum"), "the go.sum `file` to read")
	version.AddFlag(flag.CommandLine)
	flag.Parse()

	modText, err := os.ReadFile(*mod)
	if err != nil {
		return err
	}
	sumText, err := os.ReadFile(*sum)
	if err != nil {
		return err
	}
	text, err := macro(*mod, modText, sumText)
	if err != nil {
		return err
	}
	if workspace == "" {
		_, err := os.Stdout.Write(text)
		return err
	}
	if err := os.WriteFile(filepath.Join(workspace, output), text, 0o644); err != nil {
		return err
	}
	fmt.Println("wrote", output)
	return nil
}
