package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/spf13/cobra"

	"example.com/annex/tools/image/assembly"
	"example.com/annex/tools/image/layout"
)

// output is where an image or index goes.
type output struct{ layout, digest string }

func (o *output) addFlags(command *cobra.Command) *cobra.Command {
	command.Flags().StringVar(&o.layout, "layout", "", "write an OCI layout to this directory")
	command.Flags().StringVar(&o.digest, "digest", "", "write the digest to this file")
	return require(command, "layout", "digest")
}

func (o *output) write(content interface {
	mutate.Appendable
	Digest() (v1.Hash, error)
}) error {
	if err := layout.Write(o.layout, content); err != nil {
		return err
	}
	digest, err := content.Digest()
	if err != nil {
		return err
	}
	return os.WriteFile(o.digest, []byte(digest.String()+"\n"), 0o644)
}

func newImage() *cobra.Command {
	var output output
	var spec, base string
	command := &cobra.Command{
		Use:   "image",
		Short: "Make an image.",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			text, err := os.ReadFile(spec)
			if err != nil {
				return err
			}
			var image assembly.Image
			decoder := json.NewDecoder(bytes.NewReader(text))
			decoder.DisallowUnknownFields()
			if err := decoder.Decode(&image); err != nil {
				return fmt.Errorf("reading %s: %w", spec, err)
			}
			var on v1.Image
			if base != "" {
				if on, err = layout.OpenImage(base); err != nil {
					return err
				}
			}
			made, err := image.On(on)
			if err != nil {
				return err
			}
			return output.write(made)
		},
	}
	command.Flags().StringVar(&spec, "spec", "", "a JSON file that says what the image is made of: assembly.Image")
	command.Flags().StringVar(&base, "base", "", "an OCI layout with the image to build on")
	return require(output.addFlags(command), "spec")
}

func newIndex() *cobra.Command {
	var output output
	var annotations map[string]string
	command := &cobra.Command{
		Use:   "index LAYOUT...",
		Short: "Make an index of images for different platforms.",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, layouts []string) error {
			var images []v1.Image
			for _, dir := range layouts {
				image, err := layout.OpenImage(dir)
				if err != nil {
					return err
				}
				images = append(images, image)
			}
			index, err := layout.NewIndex(images, annotations)
			if err != nil {
				return err
			}
			return output.write(index)
		},
	}
	command.Flags().StringToStringVar(&annotations, "annotation", nil, "KEY=VALUE, an annotation of the index")
	return output.addFlags(command)
}
