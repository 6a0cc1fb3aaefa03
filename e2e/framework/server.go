package framework

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"

	"github.com/bazelbuild/rules_go/go/runfiles"

	"example.com/annex/shared/apiserver"
)

// ServersVariable is the environment variable with a directory of server
// binaries, each with its Definition's name, for those who run without Bazel.
// Without it they are built with the go command.
const ServersVariable = "ANNEX_SERVER_BIN"

// Server is a server under test.
type Server struct {
	// Definition is what it serves.
	Definition apiserver.Definition
	// Package is the directory of its program in the repository,
	// "servers/capacity".
	Package string
	// Args are added to its flags. Only a control plane made for the run has it
	// started with them: a suite that needs them skips everything elsewhere.
	Args []string
}

// Name is the Definition's name.
func (s Server) Name() string { return s.Definition.Name }

// Program finds the server's program, or builds it into dir, which need not exist,
// with more variables in the go command's environment.
func (s Server) Program(ctx context.Context, dir string, variables ...string) (string, error) {
	return Program(ctx, s.Name(), s.Package, dir, variables...)
}

// Program finds the program with a name, or builds it from the package at the
// directory of the repository ("tools/annex") into dir, which need not exist,
// with more variables in the go command's environment.
func Program(ctx context.Context, name, pkg, dir string, variables ...string) (string, error) {
	if location := os.Getenv(programVariable(name)); location != "" {
		found, err := runfiles.Rlocation(location)
		if err != nil {
			return "", fmt.Errorf("finding program %s at $%s=%s among the runfiles: %w", name, programVariable(name), location, err)
		}
		return found, nil
	}
	if bin := os.Getenv(ServersVariable); bin != "" {
		file, err := filepath.Abs(filepath.Join(bin, name))
		if err == nil {
			_, err = os.Stat(file)
		}
		if err != nil {
			return "", fmt.Errorf("finding program %s in $%s: %w", name, ServersVariable, err)
		}
		return file, nil
	}
	if underBazel() {
		return "", fmt.Errorf("finding program %s: the test target does not set %s: add env = {%q: \"$(rlocationpath //%s)\"} and the target as data",
			name, programVariable(name), programVariable(name), pkg)
	}
	file := filepath.Join(dir, name)
	cmd := exec.CommandContext(ctx, "go", "build", "-o", file, path.Join("example.com/annex", pkg))
	cmd.Env = append(os.Environ(), variables...)
	if output, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building program %s with %q: %w\n%s", name, cmd, err, output)
	}
	return file, nil
}

// programVariable is the environment variable in which a Bazel target says where
// among its runfiles a program is: ANNEX_SERVER_CAPACITY.
func programVariable(name string) string {
	return "ANNEX_SERVER_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// underBazel says whether Bazel runs this test
// (https://bazel.build/reference/test-encyclopedia).
func underBazel() bool { return os.Getenv("TEST_TARGET") != "" }
