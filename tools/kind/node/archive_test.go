package node

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
)

// TestWriteArchive: kind reads the tags of all images from the first file, and the same images are the same bytes.
func TestWriteArchive(t *testing.T) {
	t.Parallel()
	images := map[string]v1.Image{}
	for _, name := range []string{"registry.k8s.io/pause:3.10", "registry.k8s.io/coredns/coredns:v1", "docker.io/kindest/kindnetd:v2"} {
		image, err := random.Image(100, 1)
		if err != nil {
			t.Fatal(err)
		}
		images[name] = image
	}
	var first, second bytes.Buffer
	if err := errors.Join(writeArchive(&first, images), writeArchive(&second, images)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("the same images are different archives")
	}

	archive := tar.NewReader(&first)
	header, err := archive.Next()
	if err != nil || header.Name != "repositories" {
		t.Fatalf("the first file is %v, %v, want repositories", header, err)
	}
	var repositories map[string]map[string]string
	if err := json.NewDecoder(archive).Decode(&repositories); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for repository, tags := range repositories {
		for tag := range tags {
			names[repository+":"+tag] = true
		}
	}
	for name := range images {
		if !names[name] {
			t.Errorf("repositories lack %s: %v", name, names)
		}
	}
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			t.Fatal("there is no manifest.json")
		}
		if err != nil {
			t.Fatal(err)
		}
		if header.Name == "manifest.json" {
			return
		}
	}
}
