package main

import (
	"fmt"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/spf13/cobra"

	"example.com/annex/shared/version"
	"example.com/annex/tools/image/layout"
	"example.com/annex/tools/image/load"
)

const example = `  bazel run //servers/capacity:load                               # into docker, or podman
  bazel run //servers/capacity:load -- --kind=kind                # into the nodes of a kind cluster
  bazel run //servers/capacity:load -- --output=capacity.tar      # into a file, which all of them load`

func newCommand() *cobra.Command {
	var dir, tag string
	var options load.Options
	command := &cobra.Command{
		Use:   "load",
		Short: "Load a container image into an engine, a kind cluster, or a file.",
		Long: `Loads an image into a container engine (docker or podman, which must be on PATH), into the nodes of a kind cluster (which
takes kind), or into a file, which takes nothing. The file is what docker save writes: an OCI layout, which keeps the
image's digest, and a docker archive.

Standard output gets the image's name, as a Pod says it.`,
		Example:       example,
		Version:       version.Long(),
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(command *cobra.Command, _ []string) error {
			var err error
			if options.Image, err = layout.OpenImage(dir); err != nil {
				return err
			}
			if options.Tag, err = name.NewTag(tag); err != nil {
				return fmt.Errorf("the name %q: %w", tag, err)
			}
			options.Stdout, options.Progress = command.OutOrStdout(), command.ErrOrStderr()
			if err := load.Run(command.Context(), options); err != nil {
				return err
			}
			if options.Output != "-" {
				fmt.Fprintln(command.OutOrStdout(), options.Tag)
			}
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVar(&dir, "layout", "", "the image's OCI layout; image_load says it")
	flags.StringVar(&tag, "tag", "", "the image's name, NAME:TAG; image_load says one, and a later one wins")
	flags.StringVar(&options.Output, "output", "", "write an archive to this file; - is standard output")
	flags.StringVar(&options.Kind, "kind", "", "load into the nodes of the kind cluster of this name")
	flags.StringVar(&options.Engine, "engine", "", "load with this engine's program; by default docker, or else podman")
	command.MarkFlagsMutuallyExclusive("output", "kind", "engine")
	return command
}
