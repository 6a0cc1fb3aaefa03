package archive_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"example.com/annex/tools/image/archive"
	"example.com/annex/tools/image/layout"
)

func tag(t *testing.T, text string) name.Tag {
	t.Helper()
	tag, err := name.NewTag(text)
	if err != nil {
		t.Fatal(err)
	}
	return tag
}

func write(t *testing.T) (v1.Image, []byte) {
	t.Helper()
	image, err := random.Image(1000, 2)
	if err != nil {
		t.Fatal(err)
	}
	var written bytes.Buffer
	if err := archive.Write(&written, image, tag(t, "registry.example.com/ns/program:v1")); err != nil {
		t.Fatal(err)
	}
	return image, written.Bytes()
}

// TestDocker: the archive is one that `docker load` has always read.
func TestDocker(t *testing.T) {
	t.Parallel()
	image, written := write(t)
	opener := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(written)), nil }
	wanted := tag(t, "registry.example.com/ns/program:v1")
	read, err := tarball.Image(opener, &wanted)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Image(read); err != nil {
		t.Error(err)
	}
	got, err := read.ConfigName()
	if err != nil {
		t.Fatal(err)
	}
	if want, err := image.ConfigName(); err != nil || got != want {
		t.Errorf("the configuration is %s, want %s (%v)", got, want, err)
	}
}

// TestLayout: the archive is an OCI layout, with the very same image.
func TestLayout(t *testing.T) {
	t.Parallel()
	image, written := write(t)
	dir := t.TempDir()
	for reader := tar.NewReader(bytes.NewReader(written)); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(reader)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, filepath.FromSlash(header.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	root, err := layout.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if want, err := image.Digest(); err != nil || root.Descriptor.Digest != want {
		t.Errorf("the digest is %s, want %s (%v)", root.Descriptor.Digest, want, err)
	}
	if got := root.Descriptor.Annotations["io.containerd.image.name"]; got != "registry.example.com/ns/program:v1" {
		t.Errorf("containerd would call it %q", got)
	}
	if err := validate.Image(root.Image); err != nil {
		t.Error(err)
	}
}

func TestName(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"program:v1":              "docker.io/library/program:v1",
		"example.com/program":     "example.com/program:latest",
		"localhost:5000/a/b:dev":  "localhost:5000/a/b:dev",
		"docker.io/ns/program:v1": "docker.io/ns/program:v1",
	} {
		if got := archive.Name(tag(t, text)); got != want {
			t.Errorf("%s is called %s, want %s", text, got, want)
		}
	}
}
