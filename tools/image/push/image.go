package push

import (
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"example.com/annex/tools/image/layout"
	"example.com/annex/tools/image/referrer"
)

// Image is what is to be published.
type Image struct {
	// Name of the image, without a registry: capacity.
	Name string
	Root *layout.Root
	// Referrers are artifacts whose subject is the image, or one of the index' images.
	Referrers []v1.Image
}

// Open reads an image from an OCI layout.
func Open(name, dir string) (Image, error) {
	root, err := layout.Open(dir)
	if err != nil {
		return Image{}, err
	}
	return Image{Name: name, Root: root}, nil
}

// Attach reads artifacts from OCI layouts, and adds each to the images that it refers to. It complains about one that
// refers to none of them, or that is given twice.
func Attach(images []Image, dirs []string) error {
	seen := map[v1.Hash]bool{}
	for _, dir := range dirs {
		artifact, err := layout.OpenImage(dir)
		if err != nil {
			return err
		}
		subject, _, err := referrer.Subject(artifact)
		if err != nil {
			return err
		}
		digest, err := artifact.Digest()
		if err != nil {
			return err
		}
		if seen[digest] {
			return fmt.Errorf("%s is the artifact %s, which was given before", dir, digest)
		}
		seen[digest] = true
		attached := false
		for i := range images {
			digests, err := images[i].digests()
			if err != nil {
				return err
			}
			if digests[subject] {
				images[i].Referrers = append(images[i].Referrers, artifact)
				attached = true
			}
		}
		if !attached {
			return fmt.Errorf("%s refers to none of the images", dir)
		}
	}
	return nil
}

// digests are those of the root, and of its images if it is an index.
func (i Image) digests() (map[v1.Hash]bool, error) {
	digests := map[v1.Hash]bool{i.Root.Descriptor.Digest: true}
	images, err := i.Root.Images()
	if err != nil {
		return nil, err
	}
	for _, image := range images {
		digest, err := image.Digest()
		if err != nil {
			return nil, err
		}
		digests[digest] = true
	}
	return digests, nil
}

// taggable is the image, or the index.
func (i Image) taggable() remote.Taggable {
	if i.Root.Index != nil {
		return i.Root.Index
	}
	return i.Root.Image
}

// bytes is how much there is to send to a repository that has nothing of it.
func (i Image) bytes() (int64, error) {
	images, err := i.Root.Images()
	if err != nil {
		return 0, err
	}
	sizes := map[v1.Hash]int64{i.Root.Descriptor.Digest: i.Root.Descriptor.Size}
	for _, image := range append(images, i.Referrers...) {
		descriptor, err := partial.Descriptor(image)
		if err != nil {
			return 0, err
		}
		manifest, err := image.Manifest()
		if err != nil {
			return 0, err
		}
		for _, blob := range append([]v1.Descriptor{*descriptor, manifest.Config}, manifest.Layers...) {
			sizes[blob.Digest] = blob.Size
		}
	}
	var total int64
	for _, size := range sizes {
		total += size
	}
	return total, nil
}
