package referrer

import (
	"encoding/json"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// emptyType is the configuration of an artifact that has none, and emptyConfig its content: the image specification's
// "Guidance for an Empty Descriptor".
const (
	emptyType   types.MediaType = "application/vnd.oci.empty.v1+json"
	emptyConfig                 = "{}"
)

// New makes an artifact of one blob that refers to subject. Its artifactType is the blob's media type.
func New(subject v1.Descriptor, blob []byte, mediaType string, annotations map[string]string) (v1.Image, error) {
	config, layer := static.NewLayer([]byte(emptyConfig), emptyType), static.NewLayer(blob, types.MediaType(mediaType))
	configDescriptor, err := partial.Descriptor(config)
	if err != nil {
		return nil, fmt.Errorf("describing an artifact's configuration: %w", err)
	}
	layerDescriptor, err := partial.Descriptor(layer)
	if err != nil {
		return nil, fmt.Errorf("describing an artifact: %w", err)
	}
	manifest, err := json.Marshal(v1.Manifest{
		SchemaVersion: 2,
		MediaType:     types.OCIManifestSchema1,
		ArtifactType:  mediaType,
		Config:        *configDescriptor,
		Layers:        []v1.Descriptor{*layerDescriptor},
		Annotations:   annotations,
		// The subject's media type, digest and size: what else a descriptor says is no part of a reference.
		Subject: &v1.Descriptor{MediaType: subject.MediaType, Digest: subject.Digest, Size: subject.Size},
	})
	if err != nil {
		return nil, fmt.Errorf("writing an artifact's manifest: %w", err)
	}
	return partial.CompressedToImage(artifact{manifest: manifest, layer: layer})
}

// artifact is what go-containerregistry makes an image of.
type artifact struct {
	manifest []byte
	layer    v1.Layer
}

func (artifact) MediaType() (types.MediaType, error) { return types.OCIManifestSchema1, nil }
func (a artifact) RawManifest() ([]byte, error)      { return a.manifest, nil }
func (artifact) RawConfigFile() ([]byte, error)      { return []byte(emptyConfig), nil }

func (a artifact) LayerByDigest(digest v1.Hash) (partial.CompressedLayer, error) {
	if own, err := a.layer.Digest(); err != nil || own != digest {
		return nil, fmt.Errorf("the artifact has no blob %s", digest)
	}
	return a.layer, nil
}

// Subject is the digest of what an artifact refers to; the second result is false if it refers to nothing.
func Subject(image v1.Image) (v1.Hash, bool, error) {
	manifest, err := image.Manifest()
	if err != nil {
		return v1.Hash{}, false, fmt.Errorf("reading an artifact's manifest: %w", err)
	}
	if manifest.Subject == nil {
		return v1.Hash{}, false, nil
	}
	return manifest.Subject.Digest, true, nil
}
