package assembly

import (
	"debug/elf"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"example.com/annex/tools/image/layer"
	"example.com/annex/tools/image/layout"
)

// described is an image that says everything of itself.
func described(t *testing.T) Image {
	t.Helper()
	passwd := filepath.Join(t.TempDir(), "passwd")
	if err := os.WriteFile(passwd, []byte("nonroot:x:65532:65532::/:/none\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return Image{
		Architecture: "amd64",
		Files:        []layer.Entry{{Path: "/etc/passwd", Source: passwd, Mode: 0o644}, {Path: "/tmp", Mode: 0o1777}},
		Program:      &layer.Entry{Path: "/usr/bin/program", Source: program(t, elf.EM_X86_64, elf.PT_LOAD), Mode: 0o755},
		Entrypoint:   []string{"/usr/bin/program"},
		Cmd:          []string{"--help"},
		User:         "65532:65532",
		WorkingDir:   "/",
		Env:          map[string]string{"PATH": "/usr/bin", "B": "2", "A": "1"},
		Labels:       map[string]string{"label": "value"},
		Annotations:  map[string]string{"annotation": "value"},
	}
}

// build builds an image, and reads it back from a layout.
func build(t *testing.T, image Image, base v1.Image) v1.Image {
	t.Helper()
	built, err := image.On(base)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "layout")
	if err := layout.Write(dir, built); err != nil {
		t.Fatal(err)
	}
	read, err := layout.OpenImage(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Image(read); err != nil {
		t.Error(err)
	}
	return read
}

func config(t *testing.T, image v1.Image) *v1.ConfigFile {
	t.Helper()
	file, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func digest(t *testing.T, image v1.Image) v1.Hash {
	t.Helper()
	digest, err := image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

func TestImage(t *testing.T) {
	t.Parallel()
	built := build(t, described(t), nil)
	file := config(t, built)
	if file.OS != "linux" || file.Architecture != "amd64" || !file.Created.Equal(time.Unix(0, 0)) {
		t.Errorf("it is for %s/%s, created %s; want linux/amd64, 1970", file.OS, file.Architecture, file.Created)
	}
	want := v1.Config{
		Entrypoint: []string{"/usr/bin/program"},
		Cmd:        []string{"--help"},
		User:       "65532:65532",
		WorkingDir: "/",
		Env:        []string{"A=1", "B=2", "PATH=/usr/bin"},
		Labels:     map[string]string{"label": "value"},
	}
	if diff := cmp.Diff(want, file.Config); diff != "" {
		t.Errorf("the configuration (-want +got):\n%s", diff)
	}
	manifest, err := built.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	if manifest.MediaType != types.OCIManifestSchema1 || manifest.Config.MediaType != types.OCIConfigJSON || len(manifest.Layers) != 2 || manifest.Layers[0].MediaType != types.OCILayer {
		t.Errorf("the manifest is no OCI manifest of two layers: %+v", manifest)
	}
	if diff := cmp.Diff(map[string]string{"annotation": "value"}, manifest.Annotations); diff != "" {
		t.Errorf("the annotations (-want +got):\n%s", diff)
	}
}

// TestReproducible: the same files, elsewhere and written at another time, give the same digest, on a base as well.
func TestReproducible(t *testing.T) {
	t.Parallel()
	var digests []v1.Hash
	for range 2 {
		base := described(t)
		base.Program = nil
		onBase := described(t)
		onBase.Files = nil
		digests = append(digests, digest(t, build(t, onBase, build(t, base, nil))))
	}
	if digests[0] != digests[1] {
		t.Errorf("the same image twice is %s and %s", digests[0], digests[1])
	}
}

func TestBase(t *testing.T) {
	t.Parallel()
	base := build(t, described(t), nil)

	same := config(t, build(t, Image{Architecture: "amd64"}, base))
	if diff := cmp.Diff(config(t, base), same); diff != "" {
		t.Errorf("an image that says nothing differs from its base (-base +image):\n%s", diff)
	}

	other := config(t, build(t, Image{
		Architecture: "amd64",
		Files:        []layer.Entry{{Path: "/srv", Mode: 0o755}},
		Entrypoint:   []string{"/other"},
		Env:          map[string]string{"C": "3", "A": "4"},
		Labels:       map[string]string{"more": "values"},
	}, base))
	want := v1.Config{
		Entrypoint: []string{"/other"},
		User:       "65532:65532",
		WorkingDir: "/",
		Env:        []string{"A=4", "B=2", "PATH=/usr/bin", "C=3"},
		Labels:     map[string]string{"label": "value", "more": "values"},
	}
	if diff := cmp.Diff(want, other.Config); diff != "" {
		t.Errorf("the configuration (-want +got):\n%s", diff)
	}
	if len(other.RootFS.DiffIDs) != 3 || len(other.History) != 3 {
		t.Errorf("it has %d layers and %d lines of history, want 3", len(other.RootFS.DiffIDs), len(other.History))
	}
}

func TestComplains(t *testing.T) {
	t.Parallel()
	base := build(t, described(t), nil)
	for name, tc := range map[string]struct {
		image Image
		want  string
	}{
		"the base's architecture": {Image{Architecture: "arm64"}, "the base is for amd64, and the image for arm64"},
		"the program's":           {Image{Architecture: "amd64", Program: &layer.Entry{Path: "/p", Source: program(t, elf.EM_AARCH64)}}, "EM_AARCH64"},
		"a file":                  {Image{Architecture: "amd64", Files: []layer.Entry{{Path: "p"}}}, "absolute"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := tc.image.On(base); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want an error with %q", err, tc.want)
			}
		})
	}
}
