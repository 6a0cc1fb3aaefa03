package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/spf13/cobra"

	"example.com/annex/shared/version"
	"example.com/annex/tools/image/push"
)

const example = `  bazel run //servers/capacity:push -- --repository registry.example.com/ns/capacity --tag v1 --tag v1.2
  bazel run //servers:push -- --prefix registry.example.com/ns --tag v1 --dry-run
  bazel run //servers:push -- --prefix registry.example.com/ns --tag v1 --sign-with cosign --sign-argument=--key=cosign.key`

func newCommand() *cobra.Command {
	var images, referrers, repositories, prefixes []string
	var plainHTTP bool
	var options push.Options
	var signer push.Signer
	command := &cobra.Command{
		Use:   "push",
		Short: "Publish container images.",
		Long: `Publishes images: to one or more repositories, with their SBOMs, under tags.

First all of it goes up by digest, to every repository, then it is signed, and last it is tagged. So tags never lead to
what is half there. A push that broke off is repeated: what is there already is not sent again.

Credentials are those of docker login and podman login: of $DOCKER_CONFIG/config.json, ~/.docker/config.json, or
$REGISTRY_AUTH_FILE, credential helpers included. A registry with a certificate of an authority of its own takes
SSL_CERT_FILE=its-ca.crt.

Standard output gets a line for each repository, REPOSITORY@DIGEST, once everything is there; standard error gets the rest.`,
		Example:       example,
		Version:       version.Long(),
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(command *cobra.Command, _ []string) error {
			opened, err := open(images, referrers)
			if err != nil {
				return err
			}
			options.Destinations, err = push.Destinations(opened, repositories, prefixes, plainHTTP)
			if err != nil {
				return err
			}
			if signer.Program != "" {
				signer.Output = command.ErrOrStderr()
				options.Signer = &signer
			}
			transport := remote.DefaultTransport
			if !plainHTTP {
				transport = push.TLSOnly(transport)
			}
			options.Remote = []remote.Option{
				remote.WithTransport(transport),
				remote.WithAuthFromKeychain(authn.DefaultKeychain),
				remote.WithUserAgent("annex/" + version.Version()),
			}
			options.Output, options.Progress = command.OutOrStdout(), command.ErrOrStderr()
			return push.Run(command.Context(), options)
		},
	}
	flags := command.Flags()
	flags.StringArrayVar(&images, "image", nil, "NAME=LAYOUT, an image in an OCI layout; image_push says it")
	flags.StringArrayVar(&referrers, "referrer", nil, "an OCI layout of an artifact that refers to one of the images; image_push says it")
	flags.StringArrayVar(&repositories, "repository", nil, "push to this repository, REGISTRY/PATH; can be repeated")
	flags.StringArrayVar(&prefixes, "prefix", nil, "push each image to PREFIX/NAME; can be repeated")
	flags.StringArrayVar(&options.Tags, "tag", nil, "tag the image; can be repeated; without it the image has no name but its digest")
	flags.BoolVar(&options.DryRun, "dry-run", false, "say what would be done, and speak to no registry")
	flags.StringVar(&signer.Program, "sign-with", "", "sign the image with this program: PROGRAM sign REPOSITORY@DIGEST, as cosign takes it")
	flags.StringArrayVar(&signer.Arguments, "sign-argument", nil, "an argument for that program, before the reference; can be repeated")
	flags.BoolVar(&plainHTTP, "plain-http", false, "speak to the registry without TLS; on loopback that is tried anyway, after TLS")
	return command
}

// open reads images, each NAME=LAYOUT, and what refers to them.
func open(specs, referrers []string) ([]push.Image, error) {
	if len(specs) == 0 {
		return nil, errors.New("no image: this program is run by image_push targets, such as bazel run //servers/capacity:push")
	}
	var images []push.Image
	for _, spec := range specs {
		name, dir, ok := strings.Cut(spec, "=")
		if !ok {
			return nil, fmt.Errorf("--image=%s: must be NAME=LAYOUT", spec)
		}
		image, err := push.Open(name, dir)
		if err != nil {
			return nil, err
		}
		images = append(images, image)
	}
	return images, push.Attach(images, referrers)
}
