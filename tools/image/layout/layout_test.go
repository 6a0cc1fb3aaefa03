package layout_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"example.com/annex/tools/image/layout"
)

func image(t *testing.T, architecture string) v1.Image {
	t.Helper()
	made, err := random.Image(1000, 2)
	if err != nil {
		t.Fatal(err)
	}
	config, err := made.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", architecture
	made, err = mutate.ConfigFile(made, config)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func write(t *testing.T, content mutate.Appendable) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "layout")
	if err := layout.Write(dir, content); err != nil {
		t.Fatal(err)
	}
	return dir
}

func digest(t *testing.T, of interface{ Digest() (v1.Hash, error) }) v1.Hash {
	t.Helper()
	digest, err := of.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

func TestImage(t *testing.T) {
	t.Parallel()
	want := image(t, "amd64")
	dir := write(t, want)
	root, err := layout.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if root.Descriptor.Digest != digest(t, want) || root.Index != nil {
		t.Errorf("read %v, want the image %s", root.Descriptor, digest(t, want))
	}
	if err := validate.Image(root.Image); err != nil {
		t.Error(err)
	}
	images, err := root.Images()
	if err != nil || len(images) != 1 || digest(t, images[0]) != digest(t, want) {
		t.Errorf("the images are %v, %v; want the one", images, err)
	}
}

func TestIndex(t *testing.T) {
	t.Parallel()
	images := []v1.Image{image(t, "arm64"), image(t, "amd64")}
	annotations := map[string]string{"a": "b"}
	index, err := layout.NewIndex(images, annotations)
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(images)
	same, err := layout.NewIndex(images, annotations)
	if err != nil {
		t.Fatal(err)
	}
	if digest(t, index) != digest(t, same) {
		t.Error("the order of the images changes the digest")
	}

	dir := write(t, index)
	root, err := layout.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(root.Index); err != nil {
		t.Error(err)
	}
	manifest, err := root.Index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	var platforms []string
	for _, descriptor := range manifest.Manifests {
		platforms = append(platforms, descriptor.Platform.String())
	}
	if diff := cmp.Diff([]string{"linux/amd64", "linux/arm64"}, platforms); diff != "" {
		t.Errorf("the platforms (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(annotations, manifest.Annotations); diff != "" {
		t.Errorf("the annotations (-want +got):\n%s", diff)
	}
	if read, err := root.Images(); err != nil || len(read) != 2 || digest(t, read[0]) != digest(t, images[0]) {
		t.Errorf("the images are %v, %v", read, err)
	}
	if _, err := layout.OpenImage(dir); !errors.Is(err, layout.ErrIsIndex) {
		t.Errorf("an index as an image: %v", err)
	}
}

// TestLinks: a layout in a sandbox of Bazel is one of symbolic links.
func TestLinks(t *testing.T) {
	t.Parallel()
	dir, linked := write(t, image(t, "amd64")), t.TempDir()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return os.MkdirAll(filepath.Join(linked, relative), 0o755)
		}
		return os.Symlink(path, filepath.Join(linked, relative))
	})
	if err != nil {
		t.Fatal(err)
	}
	read, err := layout.OpenImage(linked)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Image(read); err != nil {
		t.Error(err)
	}
}

// TestDamaged: a manifest that is not what its name says is not taken.
func TestDamaged(t *testing.T) {
	t.Parallel()
	made := image(t, "amd64")
	dir := write(t, made)
	manifest := filepath.Join(dir, "blobs", "sha256", digest(t, made).Hex)
	if err := os.WriteFile(manifest, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := layout.Open(dir); err == nil || !strings.Contains(err.Error(), "the blob "+manifest+" has the digest sha256:44136fa3") {
		t.Errorf("a damaged manifest: %v", err)
	}
}

func TestIndexComplains(t *testing.T) {
	t.Parallel()
	if _, err := layout.NewIndex([]v1.Image{image(t, "amd64"), image(t, "amd64")}, nil); err == nil || !strings.Contains(err.Error(), "two images are for linux/amd64") {
		t.Errorf("two images of a platform: %v", err)
	}
	if _, err := layout.NewIndex([]v1.Image{image(t, "")}, nil); err == nil || !strings.Contains(err.Error(), "says no platform") {
		t.Errorf("an image without a platform: %v", err)
	}
}

func TestOpenComplains(t *testing.T) {
	t.Parallel()
	empty := t.TempDir()
	if err := os.WriteFile(filepath.Join(empty, "index.json"), []byte(`{"manifests":[]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{
		empty:                             "it holds 0 images, and must hold one",
		filepath.Join(empty, "not there"): "no such file",
	} {
		if _, err := layout.Open(dir); err == nil || !strings.Contains(err.Error(), "reading the OCI layout "+dir) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}
