package main

import (
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/spf13/cobra"

	"example.com/annex/tools/godeps/gosum"
	"example.com/annex/tools/image/layout"
	"example.com/annex/tools/image/referrer"
	"example.com/annex/tools/image/sbom"
)

type sbomOptions struct {
	name, layout, program, goMod, goSum string
	modules                             []string
	document, referrer                  string
}

func newSBOM() *cobra.Command {
	var options sbomOptions
	command := &cobra.Command{
		Use:   "sbom",
		Short: "Say what an image is made of, as an SPDX document and as an artifact that refers to the image.",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return options.run() },
	}
	flags := command.Flags()
	flags.StringVar(&options.name, "name", "", "the image's name")
	flags.StringVar(&options.layout, "layout", "", "the image's OCI layout")
	flags.StringVar(&options.program, "program", "", "the program in the image, if there is one")
	flags.StringVar(&options.goMod, "go-mod", "", "the go.mod file")
	flags.StringVar(&options.goSum, "go-sum", "", "the go.sum file")
	flags.StringArrayVar(&options.modules, "module", nil, "a module of go.mod of which the image has data")
	flags.StringVar(&options.document, "document", "", "write the SPDX document to this file")
	flags.StringVar(&options.referrer, "referrer", "", "write the artifact, as an OCI layout, to this directory")
	return require(command, "name", "layout", "go-mod", "go-sum", "document", "referrer")
}

func (o sbomOptions) run() error {
	image, err := layout.OpenImage(o.layout)
	if err != nil {
		return err
	}
	text, err := o.text(image)
	if err != nil {
		return err
	}
	if err := os.WriteFile(o.document, text, 0o644); err != nil {
		return err
	}
	subject, err := partial.Descriptor(image)
	if err != nil {
		return err
	}
	artifact, err := referrer.New(*subject, text, sbom.MediaType, nil)
	if err != nil {
		return err
	}
	return layout.Write(o.referrer, artifact)
}

func (o sbomOptions) text(image v1.Image) ([]byte, error) {
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	digest, err := image.Digest()
	if err != nil {
		return nil, err
	}
	mod, err := os.ReadFile(o.goMod)
	if err != nil {
		return nil, err
	}
	sum, err := os.ReadFile(o.goSum)
	if err != nil {
		return nil, err
	}
	sums := gosum.Parse(sum)
	contents := sbom.Image{Name: o.name, Digest: digest, Architecture: config.Architecture}
	if contents.Data, err = sbom.Required(o.goMod, mod, sums, o.modules); err != nil {
		return nil, err
	}
	if o.program != "" {
		if contents.Program, err = sbom.ReadProgram(o.program, sums); err != nil {
			return nil, err
		}
	}
	return sbom.Document(contents)
}
