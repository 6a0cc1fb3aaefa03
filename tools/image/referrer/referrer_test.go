package referrer_test

import (
	"io"
	"path/filepath"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"example.com/annex/tools/image/layout"
	"example.com/annex/tools/image/referrer"
)

func TestReferrer(t *testing.T) {
	t.Parallel()
	image, err := random.Image(100, 1)
	if err != nil {
		t.Fatal(err)
	}
	subject, err := partial.Descriptor(image)
	if err != nil {
		t.Fatal(err)
	}
	made, err := referrer.New(*subject, []byte("text"), "text/plain", map[string]string{"a": "b"})
	if err != nil {
		t.Fatal(err)
	}
	// As it is read back from a layout, where it must be whole.
	dir := filepath.Join(t.TempDir(), "referrer")
	if err := layout.Write(dir, made); err != nil {
		t.Fatal(err)
	}
	read, err := layout.OpenImage(dir)
	if err != nil {
		t.Fatal(err)
	}

	manifest, err := read.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	if manifest.MediaType != types.OCIManifestSchema1 || manifest.ArtifactType != "text/plain" || manifest.Config.MediaType != "application/vnd.oci.empty.v1+json" || manifest.Annotations["a"] != "b" {
		t.Errorf("the manifest is %+v", manifest)
	}
	if digest, ok, err := referrer.Subject(read); err != nil || !ok || digest != subject.Digest {
		t.Errorf("it refers to %s, %t, %v; want %s", digest, ok, err, subject.Digest)
	}
	if config, err := read.RawConfigFile(); err != nil || string(config) != "{}" {
		t.Errorf("the configuration is %q, %v", config, err)
	}
	layers, err := read.Layers()
	if err != nil || len(layers) != 1 {
		t.Fatalf("it has the layers %v, %v; want one", layers, err)
	}
	blob, err := layers[0].Compressed()
	if err != nil {
		t.Fatal(err)
	}
	defer blob.Close()
	if text, err := io.ReadAll(blob); err != nil || string(text) != "text" {
		t.Errorf("the blob is %q, %v", text, err)
	}
}

func TestSubjectOfImage(t *testing.T) {
	t.Parallel()
	image, err := random.Image(100, 1)
	if err != nil {
		t.Fatal(err)
	}
	if digest, ok, err := referrer.Subject(image); ok || err != nil || digest != (v1.Hash{}) {
		t.Errorf("an image refers to %s, %t, %v; want nothing", digest, ok, err)
	}
}
