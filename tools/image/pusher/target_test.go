package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bazelbuild/rules_go/go/runfiles"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	spdxjson "github.com/spdx/tools-golang/json"

	"example.com/annex/tools/image/registrytest"
)

// targetRunfile is where Bazel's runfiles have //servers:push, or push_index: the BUILD file says so.
const targetRunfile = "PUSHER_TEST_TARGET"

// TestTarget pushes the servers' images as bazel run //servers:push does, and pulls them with their SBOMs.
func TestTarget(t *testing.T) {
	t.Parallel()
	runfile := os.Getenv(targetRunfile)
	if runfile == "" {
		t.Skip("not run by Bazel, which builds the images")
	}
	target, err := runfiles.Rlocation(runfile)
	if err != nil {
		t.Fatal(err)
	}
	s := registrytest.Start(t, registry.WithReferrersSupport(true))
	stdout, stderr, err := pusher(t, s, registrytest.Password, filepath.Clean(target), "--prefix="+address(s)+"/ns", "--tag=v1")
	if err != nil {
		t.Fatalf("%v: %s", err, stderr)
	}
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if len(lines) < 2 {
		t.Errorf("it pushed %q, want all servers", lines)
	}
	for _, line := range lines {
		repository, digest, ok := strings.Cut(strings.TrimPrefix(line, address(s)+"/"), "@")
		if !ok {
			t.Fatalf("it printed %q, want REPOSITORY@DIGEST", line)
		}
		if tags := s.Tags(t, repository); len(tags) != 1 || tags["v1"] != digest {
			t.Errorf("the tags of %s are %v, want v1 of %s", repository, tags, digest)
		}
		for _, image := range images(t, s, s.Repository(t, repository).Tag("v1")) {
			checkSBOM(t, s, image)
		}
	}
}

// images are the image that a tag leads to, or those of the index, checked to be whole.
func images(t *testing.T, s *registrytest.Server, tag name.Tag) []name.Digest {
	t.Helper()
	descriptor, err := remote.Get(tag, s.Options(registrytest.Password)...)
	if err != nil {
		t.Fatal(err)
	}
	if !descriptor.MediaType.IsIndex() {
		image, err := descriptor.Image()
		if err != nil {
			t.Fatal(err)
		}
		if err := validate.Image(image); err != nil {
			t.Error(err)
		}
		return []name.Digest{tag.Context().Digest(descriptor.Digest.String())}
	}
	index, err := descriptor.ImageIndex()
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(index); err != nil {
		t.Error(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	var digests []name.Digest
	for _, image := range manifest.Manifests {
		digests = append(digests, tag.Context().Digest(image.Digest.String()))
	}
	return digests
}

// checkSBOM checks that an image has an SBOM, that it is about this image, and that it knows what a server is made of.
func checkSBOM(t *testing.T, s *registrytest.Server, image name.Digest) {
	t.Helper()
	referrers, err := remote.Referrers(image, s.Options(registrytest.Password)...)
	if err != nil {
		t.Fatal(err)
	}
	list, err := referrers.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	if len(list.Manifests) != 1 {
		t.Fatalf("%s has the referrers %v, want one", image, list.Manifests)
	}
	artifact, err := remote.Image(image.Context().Digest(list.Manifests[0].Digest.String()), s.Options(registrytest.Password)...)
	if err != nil {
		t.Fatal(err)
	}
	layers, err := artifact.Layers()
	if err != nil {
		t.Fatal(err)
	}
	blob, err := layers[0].Compressed()
	if err != nil {
		t.Fatal(err)
	}
	defer blob.Close()
	document, err := spdxjson.Read(blob)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(document.DocumentNamespace, "/"+image.DigestStr()) {
		t.Errorf("the SBOM %s is not about %s", document.DocumentNamespace, image)
	}
	packages := map[string]bool{}
	for _, p := range document.Packages {
		packages[p.PackageName] = true
	}
	for _, want := range []string{"k8s.io/apiserver", "stdlib", "golang.org/x/crypto/x509roots/fallback"} {
		if !packages[want] {
			t.Errorf("the SBOM of %s does not list %s", image, want)
		}
	}
}
