package archive

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// What containerd and Docker call an image that they read from an OCI layout.
const (
	containerdName = "io.containerd.image.name"
	referenceName  = "org.opencontainers.image.ref.name"
)

// Write writes an image as `docker save` has done since Docker 25: an OCI layout, which keeps the image's digest, with the
// manifest.json beside it that older Dockers, podman and kind read.
func Write(w io.Writer, image v1.Image, tag name.Tag) error {
	files, err := describe(image, tag)
	if err != nil {
		return fmt.Errorf("writing an archive of %s: %w", tag, err)
	}
	archive := tar.NewWriter(w)
	for _, file := range files {
		if err := file.write(archive); err != nil {
			return fmt.Errorf("writing %s into an archive of %s: %w", file.path, tag, err)
		}
	}
	return archive.Close()
}

// file is one of the archive.
type file struct {
	path string
	size int64
	open func() (io.ReadCloser, error)
}

func text(path string, content []byte) file {
	return file{path: path, size: int64(len(content)), open: func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(content)), nil
	}}
}

func blobPath(digest v1.Hash) string { return path.Join("blobs", digest.Algorithm, digest.Hex) }

func describe(image v1.Image, tag name.Tag) ([]file, error) {
	descriptor, err := partial.Descriptor(image)
	if err != nil {
		return nil, err
	}
	manifest, err := image.Manifest()
	if err != nil {
		return nil, err
	}
	rawManifest, err := image.RawManifest()
	if err != nil {
		return nil, err
	}
	config, err := image.RawConfigFile()
	if err != nil {
		return nil, err
	}
	files := []file{
		text(blobPath(descriptor.Digest), rawManifest),
		text(blobPath(manifest.Config.Digest), config),
	}
	layerPaths := []string{} // JSON has [] and not null in it.
	for _, described := range manifest.Layers {
		layer, err := image.LayerByDigest(described.Digest)
		if err != nil {
			return nil, err
		}
		layerPaths = append(layerPaths, blobPath(described.Digest))
		files = append(files, file{path: blobPath(described.Digest), size: described.Size, open: layer.Compressed})
	}

	reference := Name(tag)
	descriptor.Annotations = map[string]string{containerdName: reference, referenceName: tag.TagStr()}
	for _, document := range []struct {
		path    string
		content any
	}{
		{"oci-layout", map[string]string{"imageLayoutVersion": "1.0.0"}},
		{"index.json", v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: []v1.Descriptor{*descriptor}}},
		{"manifest.json", []dockerImage{{Config: blobPath(manifest.Config.Digest), RepoTags: []string{reference}, Layers: layerPaths}}},
	} {
		content, err := json.Marshal(document.content)
		if err != nil {
			return nil, err
		}
		files = append(files, text(document.path, content))
	}
	return files, nil
}

// dockerImage is an element of manifest.json: https://github.com/moby/docker-image-spec.
type dockerImage struct {
	Config   string
	RepoTags []string
	Layers   []string
}

// Name is a tag as engines write it, in which Docker Hub is docker.io.
func Name(tag name.Tag) string {
	if rest, ok := strings.CutPrefix(tag.Name(), name.DefaultRegistry+"/"); ok {
		return "docker.io/" + rest
	}
	return tag.Name()
}

func (f file) write(archive *tar.Writer) error {
	header := &tar.Header{Typeflag: tar.TypeReg, Name: f.path, Mode: 0o644, Size: f.size, ModTime: time.Unix(0, 0)}
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	reader, err := f.open()
	if err != nil {
		return err
	}
	defer reader.Close()
	_, err = io.Copy(archive, reader)
	return err
}
