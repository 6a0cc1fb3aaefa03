package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"example.com/annex/tools/image/archive"
)

// Options say where an image goes: to the first of Output, Kind and Engine that is set.
type Options struct {
	Image v1.Image
	Tag   name.Tag
	// Output is a file to write; - is standard output.
	Output string
	// Kind is the name of a kind cluster.
	Kind string
	// Engine is the program of a container engine, with docker's command line. Without it docker or podman is looked for.
	Engine string
	// Stdout is what - means, Progress gets what the programs say.
	Stdout, Progress io.Writer
}

// engines are looked for in this order.
var engines = []string{"docker", "podman"}

// Run loads the image. Its errors say what the user can do.
func Run(ctx context.Context, options Options) error {
	switch {
	case options.Output == "-":
		return archive.Write(options.Stdout, options.Image, options.Tag)
	case options.Output != "":
		return options.writeFile(options.Output)
	case options.Kind != "":
		return options.loadKind(ctx)
	default:
		return options.loadEngine(ctx)
	}
}

// writeFile writes the archive; a failure leaves no half of it.
func (o Options) writeFile(path string) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("writing an archive: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	if err := errors.Join(archive.Write(file, o.Image, o.Tag), file.Chmod(0o644), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

func (o Options) loadKind(ctx context.Context) error {
	if _, err := exec.LookPath("kind"); err != nil {
		return fmt.Errorf("loading %s into the kind cluster %s: %w; install kind (https://kind.sigs.k8s.io), or write a file with --output and import it on the nodes with ctr --namespace=k8s.io images import", o.Tag, o.Kind, err)
	}
	dir, err := os.MkdirTemp("", "image-*")
	if err != nil {
		return fmt.Errorf("making a directory for an archive: %w", err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "image.tar")
	if err := o.writeFile(path); err != nil {
		return err
	}
	return o.run(exec.CommandContext(ctx, "kind", "load", "image-archive", path, "--name", o.Kind))
}

func (o Options) loadEngine(ctx context.Context) error {
	engine := o.Engine
	if engine == "" {
		var err error
		if engine, err = findEngine(); err != nil {
			return err
		}
	}
	reader, writer := io.Pipe()
	defer reader.Close() // Which ends the writer, should the engine not read to the end.
	go func() { writer.CloseWithError(archive.Write(writer, o.Image, o.Tag)) }()
	command := exec.CommandContext(ctx, engine, "load")
	command.Stdin = reader
	return o.run(command)
}

func findEngine() (string, error) {
	for _, engine := range engines {
		if path, err := exec.LookPath(engine); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("there is no %s on PATH: name an engine with --engine, or write an archive with --output=FILE, which every engine loads", strings.Join(engines, " or "))
}

func (o Options) run(command *exec.Cmd) error {
	command.Stdout, command.Stderr = o.Progress, o.Progress
	if err := command.Run(); err != nil {
		return fmt.Errorf("loading %s with %s: %w", o.Tag, strings.Join(command.Args, " "), err)
	}
	return nil
}
