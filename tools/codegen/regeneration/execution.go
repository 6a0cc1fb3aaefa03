package regeneration

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"example.com/annex/tools/codegen/generator"
)

// stopGrace is how long a generator that was told to stop may take before its output is no longer waited for.
const stopGrace = 5 * time.Second

// Files of a private GOPATH besides the sources.
const (
	headerFile = "header.txt"
	modelFile  = "model.json"
)

// execution is one run of a generator in a GOPATH of its own.
type execution struct {
	run     generator.Run
	options Options
	sources map[string][]byte
	model   []byte // for generators that read it
	gopath  string
}

// execute returns the Go files that the run wrote, by their path in the checkout.
func (e execution) execute(ctx context.Context) (map[string][]byte, error) {
	program, err := e.options.Toolchain.Program(e.run.Name)
	if err != nil {
		return nil, err
	}
	if err := e.prepare(); err != nil {
		return nil, err
	}
	place := generator.Place{
		Checkout: e.checkout(),
		Src:      filepath.Join(e.gopath, "src"),
		Header:   filepath.Join(e.gopath, headerFile),
		Report:   filepath.Join(e.gopath, "report.txt"),
		Model:    filepath.Join(e.gopath, modelFile),
		Module:   e.options.Module,
	}
	cmd := exec.CommandContext(ctx, program, e.run.Arguments(place)...)
	cmd.Dir = place.Checkout
	cmd.Env = e.environment()
	// A generator runs the go command: both are ended together.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = stopGrace
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, e.readable(out))
	}
	if err := e.violations(place.Report); err != nil {
		return nil, err
	}
	return e.outputs()
}

func (e execution) checkout() string {
	return filepath.Join(e.gopath, "src", filepath.FromSlash(e.options.Module))
}

// bin has what the generator calls.
func (e execution) bin() string { return filepath.Join(e.gopath, "bin") }

// prepare fills the GOPATH. Of the module's own servers only what the checkout has counts.
func (e execution) prepare() error {
	own := e.options.Module + "/servers/"
	if err := e.options.Toolchain.Library.Extract(e.gopath, func(file string) bool { return strings.HasPrefix(file, own) }); err != nil {
		return err
	}
	for name, content := range e.sources {
		if err := writeFile(filepath.Join(e.checkout(), filepath.FromSlash(name)), content); err != nil {
			return fmt.Errorf("copying API packages to a private GOPATH: %w", err)
		}
	}
	if err := e.linkCalled(); err != nil {
		return fmt.Errorf("putting programs that it calls into a private GOPATH: %w", err)
	}
	if err := writeFile(filepath.Join(e.gopath, modelFile), e.model); err != nil {
		return fmt.Errorf("writing OpenAPI models to a private GOPATH: %w", err)
	}
	return writeFile(filepath.Join(e.gopath, headerFile), nil)
}

func (e execution) linkCalled() error {
	if err := os.MkdirAll(e.bin(), 0o755); err != nil {
		return err
	}
	for _, called := range e.run.Calls {
		program, err := e.options.Toolchain.Program(path.Base(called))
		if err == nil {
			err = os.Symlink(program, filepath.Join(e.bin(), path.Base(called)))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// environment is all that the generator and its go command know of the machine: nothing of the user's modules, caches and
// settings.
func (e execution) environment() []string {
	goroot := e.options.Toolchain.GoRoot
	return []string{
		"PATH=" + e.bin() + string(filepath.ListSeparator) + filepath.Join(goroot, "bin"),
		"HOME=" + e.gopath,
		"TMPDIR=" + e.gopath,
		"GOROOT=" + goroot,
		"GOPATH=" + e.gopath,
		"GOCACHE=" + filepath.Join(e.gopath, "cache"),
		"GO111MODULE=off",
		"GOENV=off",
		"GOPROXY=off",
		"GOTOOLCHAIN=local",
		"CGO_ENABLED=0",
	}
}

// violations reads openapi-gen's report. Upstream's own packages have violations; ours must have none.
func (e execution) violations(report string) error {
	content, err := os.ReadFile(report)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // only openapi-gen writes one
	}
	if err != nil {
		return fmt.Errorf("reading the report of API conventions: %w", err)
	}
	var ours []error
	for line := range strings.Lines(string(content)) {
		if strings.Contains(line, ","+e.options.Module+"/") {
			ours = append(ours, errors.New(strings.TrimSpace(line)))
		}
	}
	if len(ours) > 0 {
		return fmt.Errorf("types break API conventions (rule, package, type, field; "+
			"list_type_missing wants a +listType tag, names_match a JSON name like the field's):\n%w", errors.Join(ours...))
	}
	return nil
}

func (e execution) outputs() (map[string][]byte, error) {
	outputs := map[string][]byte{}
	root := os.DirFS(e.checkout())
	err := fs.WalkDir(root, "servers", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		source, ours := e.sources[name]
		switch {
		case ours && bytes.Equal(source, content):
		case !ours, e.run.EditsTags && onlyTagsDiffer(source, content):
			outputs[name] = content
		default:
			return fmt.Errorf("it changed %s, which is written by hand", name)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading what was generated: %w", err)
	}
	return outputs, nil
}

// readable shortens the private GOPATH's paths to those of the checkout.
func (e execution) readable(out []byte) []byte {
	return bytes.ReplaceAll(out, []byte(e.checkout()+string(filepath.Separator)), nil)
}

func writeFile(name string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, content, 0o644)
}
