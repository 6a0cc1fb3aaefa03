package toolchain

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"

	"github.com/bazelbuild/rules_go/go/runfiles"

	"example.com/annex/tools/codegen/generator"
	"example.com/annex/tools/codegen/gopath"
)

// Set by the BUILD file with x_defs, to $(rlocationpath)s of the data of this library; empty without Bazel.
var (
	goRunfile         string // the SDK's go command
	sourcesRunfile    string // //tools/codegen/sources:gopath
	generatorRunfiles string // the generators and what they call, between spaces
)

// Toolchain is what runs of generators need.
type Toolchain struct {
	// GoRoot is the directory of a Go SDK.
	GoRoot string
	// Library has the sources that API packages import.
	Library *gopath.Library
	// Programs are the files of the generators, and of the programs that they call, by their names.
	Programs map[string]string
}

// Find finds the toolchain. checkout and scratch are used without Bazel: the directory of the go.mod that has the programs,
// and one to build them into.
func Find(ctx context.Context, checkout, scratch string, generators []generator.Generator) (*Toolchain, error) {
	if goRunfile != "" {
		return findRunfiles()
	}
	return build(ctx, checkout, scratch, generators)
}

// Close closes the library.
func (t *Toolchain) Close() error { return t.Library.Close() }

func findRunfiles() (*Toolchain, error) {
	goCommand, err := runfiles.Rlocation(goRunfile)
	if err != nil {
		return nil, fmt.Errorf("finding the Go SDK: %w", err)
	}
	sources, err := runfiles.Rlocation(sourcesRunfile)
	if err != nil {
		return nil, fmt.Errorf("finding the sources for the generators: %w", err)
	}
	programs := map[string]string{}
	for runfile := range strings.FieldsSeq(generatorRunfiles) {
		program, err := runfiles.Rlocation(runfile)
		if err != nil {
			return nil, fmt.Errorf("finding a generator: %w", err)
		}
		programs[filepath.Base(program)] = program
	}
	library, err := gopath.OpenArchive(sources)
	if err != nil {
		return nil, err
	}
	return &Toolchain{GoRoot: filepath.Dir(filepath.Dir(goCommand)), Library: library, Programs: programs}, nil
}

func build(ctx context.Context, checkout, scratch string, generators []generator.Generator) (*Toolchain, error) {
	// The go command that the checkout's go.mod selects, which need not be the one on PATH: outside modules, as the generators
	// run it, the one on PATH would not make way for it.
	root, err := goCommand(ctx, checkout, "go", "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	t := &Toolchain{GoRoot: strings.TrimSpace(root), Programs: map[string]string{}}
	command := filepath.Join(t.GoRoot, "bin", "go")
	arguments := []string{"build", "-o", scratch + string(filepath.Separator)}
	for _, g := range generators {
		for _, program := range append([]string{g.Program}, g.Calls...) {
			arguments = append(arguments, program)
			t.Programs[path.Base(program)] = filepath.Join(scratch, path.Base(program))
		}
	}
	if _, err := goCommand(ctx, checkout, command, arguments...); err != nil {
		return nil, err
	}
	t.Library, err = gopath.List(ctx, command, checkout, "./tools/codegen/sources")
	return t, err
}

func goCommand(ctx context.Context, dir, command string, arguments ...string) (string, error) {
	cmd := exec.CommandContext(ctx, command, arguments...)
	cmd.Dir = dir
	cmd.Env = os.Environ()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("running go %s in %s: %w\n%s", strings.Join(arguments, " "), dir, err, stderr.Bytes())
	}
	return string(out), nil
}

// Program returns the file of a generator, or of a program that one calls.
func (t *Toolchain) Program(name string) (string, error) {
	program, ok := t.Programs[name]
	if !ok {
		return "", fmt.Errorf("%s was not built: add it to the data of //tools/codegen/toolchain", name)
	}
	return program, nil
}
