package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"sigs.k8s.io/kind/pkg/build/nodeimage"
	"sigs.k8s.io/kind/pkg/log"

	"example.com/annex/tools/image/layer"
)

const (
	// Image is the name of the image.
	Image = "annex.example.com/kind/node:latest"

	baseImage = "annex.example.com/kind/base:latest"
)

// Ingredients are the files that a Docker makes the image from.
type Ingredients struct {
	// Base is an archive of the image of nodes without Kubernetes.
	Base string
	// Release is a version of Kubernetes.
	Release string
}

// Prepare makes the ingredients in a directory.
func Prepare(ctx context.Context, recipe Recipe, dir string) (Ingredients, error) {
	ingredients := Ingredients{Base: filepath.Join(dir, "base.tar"), Release: filepath.Join(dir, "kubernetes.tar.gz")}
	base := filepath.Join(dir, "root")
	if err := os.Mkdir(base, 0o755); err != nil {
		return ingredients, fmt.Errorf("making a directory for nodes' files: %w", err)
	}
	if err := makeBase(ctx, recipe, base); err != nil {
		return ingredients, err
	}
	k, err := makeImages(ctx, recipe.Programs, root(base))
	if err != nil {
		return ingredients, err
	}
	if err := writeRelease(ingredients.Release, dir, k, recipe.Programs); err != nil {
		return ingredients, err
	}
	if err := writeBase(base, ingredients.Base); err != nil {
		return ingredients, fmt.Errorf("making the image of nodes without Kubernetes: %w", err)
	}
	return ingredients, os.RemoveAll(base)
}

func writeBase(base, file string) error {
	// What only Kubernetes' images need.
	if err := os.Remove(filepath.Join(base, "usr/bin/busybox")); err != nil {
		return err
	}
	entries, err := layer.Tree(base, "/")
	if err != nil {
		return err
	}
	files, err := layer.New(entries)
	if err != nil {
		return err
	}
	image, err := mutate.AppendLayers(empty.Image, files)
	if err != nil {
		return err
	}
	// systemd asks for the variable, and takes the signal as an order to end: images/base/Dockerfile of kind.
	image, err = mutate.ConfigFile(image, configured(image))
	if err != nil {
		return err
	}
	tag, err := name.NewTag(baseImage)
	if err != nil {
		return err
	}
	return tarball.WriteToFile(file, tag, image)
}

func configured(image v1.Image) *v1.ConfigFile {
	config, err := image.ConfigFile()
	if err != nil {
		config = &v1.ConfigFile{} // Of an image in memory.
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", runtime.GOARCH
	config.Config = v1.Config{
		Env:        []string{"container=docker", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
		StopSignal: "SIGRTMIN+3",
		Entrypoint: []string{"/usr/local/bin/entrypoint", "/sbin/init"},
	}
	return config
}

// Build makes the image in the Docker of DOCKER_HOST.
func Build(ctx context.Context, ingredients Ingredients, logger log.Logger) error {
	if out, err := exec.CommandContext(ctx, "docker", "load", "--quiet", "--input", ingredients.Base).CombinedOutput(); err != nil {
		return fmt.Errorf("loading the image of nodes without Kubernetes: %w\n%s", err, out)
	}
	err := nodeimage.Build(
		nodeimage.WithLogger(logger),
		nodeimage.WithBaseImage(baseImage),
		nodeimage.WithImage(Image),
		nodeimage.WithBuildType("file"),
		nodeimage.WithKubeParam(ingredients.Release),
	)
	if err != nil {
		return fmt.Errorf("making the image of nodes: %w", Explain(err))
	}
	return nil
}

// Prune removes all of an engine's data but images, once the engine is gone.
func Prune(data string) error {
	entries, err := os.ReadDir(data)
	if err != nil {
		return fmt.Errorf("removing what is no image: %w", err)
	}
	var errs []error
	for _, entry := range entries {
		if entry.Name() != "image" && entry.Name() != "overlay2" {
			errs = append(errs, os.RemoveAll(filepath.Join(data, entry.Name())))
		}
	}
	return errors.Join(errs...)
}
