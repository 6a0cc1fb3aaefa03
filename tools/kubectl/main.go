// Kubectl runs the kubectl that is built here in the directory where the person is: `bazel run` starts programs elsewhere,
// and -f relative.yaml would not be found.
//
//	./tools/bazel run //tools/kubectl -- get nodes
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/bazelbuild/rules_go/go/runfiles"
)

// kubectlRunfile is where Bazel puts //tools/controlplane:kubectl, relative to the runfiles' root: data of this program,
// set with x_defs to its $(rlocationpath).
var kubectlRunfile string

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "tools/kubectl:", err)
		os.Exit(1)
	}
}

// run does not return, unless kubectl can't be started.
func run() error {
	program, err := runfiles.Rlocation(kubectlRunfile)
	if err != nil {
		return fmt.Errorf("finding kubectl among Bazel's runfiles: %w", err)
	}
	if program, err = filepath.Abs(program); err != nil {
		return err
	}
	if dir := os.Getenv("BUILD_WORKING_DIRECTORY"); dir != "" {
		if err := os.Chdir(dir); err != nil {
			return fmt.Errorf("going back to where bazel was called: %w", err)
		}
	}
	return syscall.Exec(program, append([]string{"kubectl"}, os.Args[1:]...), os.Environ())
}
