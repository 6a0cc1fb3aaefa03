package layout

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// blobs is the directory of a layout. go-containerregistry's own reader does not take blobs that are symbolic links, which is
// what files are in Bazel's sandboxes.
type blobs string

func (b blobs) path(digest v1.Hash) string {
	return filepath.Join(string(b), "blobs", digest.Algorithm, digest.Hex)
}

// read reads a small blob: a manifest or a configuration. Layers are checked by who reads them.
func (b blobs) read(digest v1.Hash) ([]byte, error) {
	content, err := os.ReadFile(b.path(digest))
	if err != nil {
		return nil, err
	}
	actual, _, err := v1.SHA256(bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	if actual != digest {
		return nil, fmt.Errorf("the blob %s has the digest %s", b.path(digest), actual)
	}
	return content, nil
}

// storedIndex is an index in a layout: index.json, or one that it has in it.
type storedIndex struct {
	blobs    blobs
	manifest []byte
}

func (*storedIndex) MediaType() (types.MediaType, error) { return types.OCIImageIndex, nil }
func (i *storedIndex) RawManifest() ([]byte, error)      { return i.manifest, nil }
func (i *storedIndex) Digest() (v1.Hash, error)          { return partial.Digest(i) }
func (i *storedIndex) Size() (int64, error)              { return partial.Size(i) }

func (i *storedIndex) IndexManifest() (*v1.IndexManifest, error) {
	return v1.ParseIndexManifest(bytes.NewReader(i.manifest))
}

func (i *storedIndex) ImageIndex(digest v1.Hash) (v1.ImageIndex, error) {
	manifest, err := i.blobs.read(digest)
	if err != nil {
		return nil, err
	}
	return &storedIndex{blobs: i.blobs, manifest: manifest}, nil
}

func (i *storedIndex) Image(digest v1.Hash) (v1.Image, error) {
	raw, err := i.blobs.read(digest)
	if err != nil {
		return nil, err
	}
	manifest, err := v1.ParseManifest(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	return partial.CompressedToImage(&storedImage{blobs: i.blobs, raw: raw, manifest: manifest})
}

// storedImage is an image in a layout.
type storedImage struct {
	blobs    blobs
	raw      []byte
	manifest *v1.Manifest
}

func (i *storedImage) MediaType() (types.MediaType, error) { return i.manifest.MediaType, nil }
func (i *storedImage) RawManifest() ([]byte, error)        { return i.raw, nil }
func (i *storedImage) RawConfigFile() ([]byte, error)      { return i.blobs.read(i.manifest.Config.Digest) }

func (i *storedImage) LayerByDigest(digest v1.Hash) (partial.CompressedLayer, error) {
	for _, descriptor := range append([]v1.Descriptor{i.manifest.Config}, i.manifest.Layers...) {
		if descriptor.Digest == digest {
			return &storedLayer{blobs: i.blobs, descriptor: descriptor}, nil
		}
	}
	return nil, fmt.Errorf("the image has no layer %s", digest)
}

// storedLayer is a layer in a layout.
type storedLayer struct {
	blobs      blobs
	descriptor v1.Descriptor
}

func (l *storedLayer) Digest() (v1.Hash, error)            { return l.descriptor.Digest, nil }
func (l *storedLayer) Size() (int64, error)                { return l.descriptor.Size, nil }
func (l *storedLayer) MediaType() (types.MediaType, error) { return l.descriptor.MediaType, nil }
func (l *storedLayer) Descriptor() (*v1.Descriptor, error) { return &l.descriptor, nil }
func (l *storedLayer) Compressed() (io.ReadCloser, error) {
	return os.Open(l.blobs.path(l.descriptor.Digest))
}
