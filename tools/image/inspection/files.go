package inspection

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"path"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
)

// files are the entries of the image's file system, all layers applied, by absolute path.
func files(image v1.Image) (map[string]*tar.Header, error) {
	stream := mutate.Extract(image)
	defer stream.Close()
	found := map[string]*tar.Header{}
	archive := tar.NewReader(stream)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading the image's files: %w", err)
		}
		found[path.Join("/", header.Name)] = header
	}
}
