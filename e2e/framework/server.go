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

// binaryVariable is the environment variable in which a Bazel target says where
// among its runfiles the server is: ANNEX_SERVER_CAPACITY.
func (s Server) binaryVariable() string {
	return "ANNEX_SERVER_" + strings.ToUpper(strings.ReplaceAll(s.Name(), "-", "_"))
}

// Program finds the server's program, or builds it into dir, which need not exist.
func (s Server) Program(ctx context.Context, dir string) (string, error) {
	if location := os.Getenv(s.binaryVariable()); location != "" {
		found, err := runfiles.Rlocation(location)
		if err != nil {
			return "", fmt.Errorf("finding server %s at $%s=%s among the runfiles: %w", s.Name(), s.binaryVariable(), location, err)
		}
		return found, nil
	}
	if bin := os.Getenv(ServersVariable); bin != "" {
		file, err := filepath.Abs(filepath.Join(bin, s.Name()))
		if err == nil {
			_, err = os.Stat(file)
		}
		if err != nil {
			return "", fmt.Errorf("finding server %s in $%s: %w", s.Name(), ServersVariable, err)
		}
		return file, nil
	}
	if underBazel() {
		return "", fmt.Errorf("finding server %s: the test target does not set %s: add env = {%q: \"$(rlocationpath //%s)\"} and the target as data",
			s.Name(), s.binaryVariable(), s.binaryVariable(), s.Package)
	}
	file := filepath.Join(dir, s.Name())
	cmd := exec.CommandContext(ctx, "go", "build", "-o", file, path.Join("example.com/annex", s.Package))
	if output, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building server %s with %q: %w\n%s", s.Name(), cmd, err, output)
	}
	return file, nil
}

// underBazel says whether Bazel runs this test
// (https://bazel.build/reference/test-encyclopedia).
func underBazel() bool { return os.Getenv("TEST_TARGET") != "" }
