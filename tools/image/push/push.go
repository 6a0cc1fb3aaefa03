package push

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// Options say what is published, where, and how.
type Options struct {
	Destinations []Destination
	Tags         []string
	// Signer may be nil: nothing is signed.
	Signer *Signer
	// DryRun says what would be done, and speaks to no registry.
	DryRun bool
	// Remote are options for go-containerregistry, such as the keychain.
	Remote []remote.Option
	// Output gets a line for each destination: its reference by digest. Progress gets all else.
	Output, Progress io.Writer
}

// Run publishes. Its errors say what the user can do.
func Run(ctx context.Context, options Options) error {
	tags, err := options.tags()
	if err != nil {
		return err
	}
	if options.DryRun {
		return options.describe(tags)
	}
	if options.Signer != nil {
		if err := options.Signer.find(); err != nil {
			return err
		}
	}
	for _, destination := range options.Destinations {
		if err := options.upload(ctx, destination); err != nil {
			return err
		}
	}
	if options.Signer != nil {
		for _, destination := range options.Destinations {
			fmt.Fprintf(options.Progress, "signing %s\n", destination.digest())
			if err := options.Signer.sign(ctx, destination.digest()); err != nil {
				return err
			}
		}
	}
	for i, destination := range options.Destinations {
		if err := options.tag(ctx, destination, tags[i]); err != nil {
			return err
		}
	}
	for _, destination := range options.Destinations {
		fmt.Fprintln(options.Output, destination.digest())
	}
	return nil
}

// tags are the tags of each destination, checked before anything is sent.
func (o Options) tags() ([][]name.Tag, error) {
	tags := make([][]name.Tag, len(o.Destinations))
	for i, destination := range o.Destinations {
		for _, text := range o.Tags {
			tag, err := destination.tag(text)
			if err != nil {
				return nil, err
			}
			tags[i] = append(tags[i], tag)
		}
	}
	return tags, nil
}

// describe is what a dry run does.
func (o Options) describe(tags [][]name.Tag) error {
	for i, destination := range o.Destinations {
		size, err := destination.Image.bytes()
		if err != nil {
			return err
		}
		fmt.Fprintf(o.Progress, "would push %s (at most %s)\n", destination.digest(), megabytes(size))
		for _, artifact := range destination.Image.Referrers {
			manifest, err := artifact.Manifest()
			if err != nil {
				return err
			}
			fmt.Fprintf(o.Progress, "would attach %s to %s\n", manifest.ArtifactType, destination.Repository.Digest(manifest.Subject.Digest.String()))
		}
		if o.Signer != nil {
			fmt.Fprintf(o.Progress, "would sign %s with %s\n", destination.digest(), o.Signer.Program)
		}
		for _, tag := range tags[i] {
			fmt.Fprintf(o.Progress, "would tag %s\n", tag)
		}
	}
	return nil
}

// upload sends an image by digest, and what refers to it.
func (o Options) upload(ctx context.Context, destination Destination) error {
	reference := destination.digest()
	size, err := destination.Image.bytes()
	if err != nil {
		return err
	}
	fmt.Fprintf(o.Progress, "pushing %s (at most %s)\n", reference, megabytes(size))

	updates := make(chan v1.Update, 100)
	reported := report(o.Progress, destination.Repository.String(), updates)
	defer func() {
		close(updates)
		<-reported
	}()
	pusher, err := remote.NewPusher(slices.Concat(o.Remote, []remote.Option{remote.WithContext(ctx), remote.WithProgress(updates)})...)
	if err != nil {
		return fmt.Errorf("pushing %s: %w", reference, err)
	}
	if err := pusher.Push(ctx, reference, destination.Image.taggable()); err != nil {
		return explain(err, "pushing "+reference.String(), destination.Repository)
	}
	for _, artifact := range destination.Image.Referrers {
		if err := attach(ctx, pusher, destination.Repository, artifact); err != nil {
			return explain(err, "attaching an artifact to "+reference.String(), destination.Repository)
		}
	}
	return nil
}

// attach sends an artifact that refers to an image. Its manifest is put even if it is there already: where a registry has
// no referrers API, that is what writes the tag that stands in for it, and an earlier push may have ended in between.
func attach(ctx context.Context, pusher *remote.Pusher, repository name.Repository, artifact v1.Image) error {
	blobs, err := artifact.Layers()
	if err != nil {
		return err
	}
	config, err := partial.ConfigLayer(artifact)
	if err != nil {
		return err
	}
	for _, blob := range append(blobs, config) {
		if err := pusher.Upload(ctx, repository, blob); err != nil {
			return err
		}
	}
	digest, err := artifact.Digest()
	if err != nil {
		return err
	}
	return pusher.Put(ctx, repository.Digest(digest.String()), artifact)
}

func (o Options) tag(ctx context.Context, destination Destination, tags []name.Tag) error {
	for _, tag := range tags {
		fmt.Fprintf(o.Progress, "tagging %s\n", tag)
		if err := remote.Tag(tag, destination.Image.taggable(), slices.Concat(o.Remote, []remote.Option{remote.WithContext(ctx)})...); err != nil {
			return explain(err, "tagging "+tag.String(), destination.Repository)
		}
	}
	return nil
}
