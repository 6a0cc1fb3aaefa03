package layout

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
)

// Root is what a layout holds: an image, or an index of images.
type Root struct {
	Descriptor v1.Descriptor
	// One of them is nil.
	Image v1.Image
	Index v1.ImageIndex
}

// Open reads a layout. Blobs are read when they are needed.
func Open(dir string) (*Root, error) {
	root, err := open(dir)
	if err != nil {
		return nil, fmt.Errorf("reading the OCI layout %s: %w", dir, err)
	}
	return root, nil
}

func open(dir string) (*Root, error) {
	text, err := os.ReadFile(filepath.Join(dir, "index.json"))
	if err != nil {
		return nil, err
	}
	index := &storedIndex{blobs: blobs(dir), manifest: text}
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	if n := len(manifest.Manifests); n != 1 {
		return nil, fmt.Errorf("it holds %d images, and must hold one", n)
	}
	root := &Root{Descriptor: manifest.Manifests[0]}
	if root.Descriptor.MediaType.IsIndex() {
		root.Index, err = index.ImageIndex(root.Descriptor.Digest)
	} else {
		root.Image, err = index.Image(root.Descriptor.Digest)
	}
	return root, err
}

// Images are the images of the index, or the one image.
func (r *Root) Images() ([]v1.Image, error) {
	if r.Index == nil {
		return []v1.Image{r.Image}, nil
	}
	manifest, err := r.Index.IndexManifest()
	if err != nil {
		return nil, fmt.Errorf("reading the index %s: %w", r.Descriptor.Digest, err)
	}
	var images []v1.Image
	for _, descriptor := range manifest.Manifests {
		image, err := r.Index.Image(descriptor.Digest)
		if err != nil {
			return nil, fmt.Errorf("reading an image of the index %s: %w", r.Descriptor.Digest, err)
		}
		images = append(images, image)
	}
	return images, nil
}

// ErrIsIndex says that a layout holds an index where one image is wanted.
var ErrIsIndex = errors.New("it holds an index of images: name the image of one platform")

// OpenImage reads a layout that holds one image.
func OpenImage(dir string) (v1.Image, error) {
	root, err := Open(dir)
	if err != nil {
		return nil, err
	}
	if root.Image == nil {
		return nil, fmt.Errorf("reading the OCI layout %s: %w", dir, ErrIsIndex)
	}
	return root.Image, nil
}

// Write makes a layout of one image, or one index with all its images.
func Write(dir string, content mutate.Appendable) error {
	if _, err := layout.Write(dir, mutate.AppendManifests(newIndex(), mutate.IndexAddendum{Add: content})); err != nil {
		return fmt.Errorf("writing the OCI layout %s: %w", dir, err)
	}
	return nil
}
