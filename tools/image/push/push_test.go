package push_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"example.com/annex/tools/image/layout"
	"example.com/annex/tools/image/push"
	"example.com/annex/tools/image/referrer"
	"example.com/annex/tools/image/registrytest"
)

const sbomType = "application/spdx+json"

func newImage(t *testing.T, architecture string) v1.Image {
	t.Helper()
	image, err := random.Image(10_000, 2)
	if err != nil {
		t.Fatal(err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", architecture
	if image, err = mutate.ConfigFile(image, config); err != nil {
		t.Fatal(err)
	}
	return image
}

func write(t *testing.T, content mutate.Appendable) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "layout")
	if err := layout.Write(dir, content); err != nil {
		t.Fatal(err)
	}
	return dir
}

// attached are the layouts of artifacts that refer to images.
func attached(t *testing.T, images ...v1.Image) []string {
	t.Helper()
	var dirs []string
	for _, image := range images {
		subject, err := partial.Descriptor(image)
		if err != nil {
			t.Fatal(err)
		}
		artifact, err := referrer.New(*subject, []byte(`{"spdxVersion":"SPDX-2.3"}`), sbomType, nil)
		if err != nil {
			t.Fatal(err)
		}
		dirs = append(dirs, write(t, artifact))
	}
	return dirs
}

// single is an image with an SBOM, and index one for two platforms with an SBOM for each.
func single(t *testing.T) push.Image {
	t.Helper()
	image := newImage(t, "amd64")
	return open(t, image, attached(t, image))
}

func index(t *testing.T) push.Image {
	t.Helper()
	images := []v1.Image{newImage(t, "amd64"), newImage(t, "arm64")}
	index, err := layout.NewIndex(images, nil)
	if err != nil {
		t.Fatal(err)
	}
	return open(t, index, attached(t, images...))
}

func open(t *testing.T, content mutate.Appendable, referrers []string) push.Image {
	t.Helper()
	image, err := push.Open("capacity", write(t, content))
	if err != nil {
		t.Fatal(err)
	}
	images := []push.Image{image}
	if err := push.Attach(images, referrers); err != nil {
		t.Fatal(err)
	}
	return images[0]
}

func pushOptions(t *testing.T, s *registrytest.Server, image push.Image, paths ...string) push.Options {
	t.Helper()
	options := push.Options{
		Tags:     []string{"v1"},
		Remote:   s.Options(registrytest.Password),
		Output:   io.Discard,
		Progress: io.Discard,
	}
	for _, path := range paths {
		options.Destinations = append(options.Destinations, push.Destination{Image: image, Repository: s.Repository(t, path)})
	}
	return options
}

func run(t *testing.T, options push.Options) {
	t.Helper()
	if err := push.Run(t.Context(), options); err != nil {
		t.Fatal(err)
	}
}

func digest(image push.Image) string { return image.Root.Descriptor.Digest.String() }

// TestPush: an image and an index, to two repositories, under two tags, are there whole, with what refers to them, and the
// tags came last.
func TestPush(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		image   func(*testing.T) push.Image
		options []registry.Option
		// fallback says that a tag stands in for the referrers API.
		fallback bool
	}{
		"image":                   {single, []registry.Option{registry.WithReferrersSupport(true)}, false},
		"index":                   {index, []registry.Option{registry.WithReferrersSupport(true)}, false},
		"image, no referrers API": {single, nil, true},
		"index, no referrers API": {index, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			image, s := tc.image(t), registrytest.Start(t, tc.options...)
			options := pushOptions(t, s, image, "ns/capacity", "mirror/capacity")
			options.Tags = []string{"v1", "v1.2"}
			var output bytes.Buffer
			options.Output = &output
			run(t, options)

			want := ""
			for _, path := range []string{"ns/capacity", "mirror/capacity"} {
				checkPushed(t, s, path, image, tc.fallback, options.Tags)
				want += s.Host + "/" + path + "@" + digest(image) + "\n"
			}
			if diff := cmp.Diff(want, output.String()); diff != "" {
				t.Errorf("the output (-want +got):\n%s", diff)
			}
			puts := s.Answered("PUT")
			var last []string
			for _, put := range puts[len(puts)-4:] {
				last = append(last, strings.TrimPrefix(put, "/v2/"))
			}
			if diff := cmp.Diff([]string{"ns/capacity/manifests/v1", "ns/capacity/manifests/v1.2", "mirror/capacity/manifests/v1", "mirror/capacity/manifests/v1.2"}, last); diff != "" {
				t.Errorf("the last that was put (-want +got):\n%s", diff)
			}
		})
	}
}

// checkPushed checks that an image is in a repository: whole, with the tags, and with what refers to it.
func checkPushed(t *testing.T, s *registrytest.Server, path string, image push.Image, fallback bool, tags []string) {
	t.Helper()
	repository := s.Repository(t, path)
	reference := repository.Digest(digest(image))
	descriptor, err := remote.Get(reference, s.Options(registrytest.Password)...)
	if err != nil {
		t.Fatal(err)
	}
	if descriptor.MediaType.IsIndex() {
		pulled, err := descriptor.ImageIndex()
		if err != nil {
			t.Fatal(err)
		}
		err = validate.Index(pulled)
		if err != nil {
			t.Error(err)
		}
	} else {
		pulled, err := descriptor.Image()
		if err != nil {
			t.Fatal(err)
		}
		if err := validate.Image(pulled); err != nil {
			t.Error(err)
		}
	}

	wantTags := map[string]string{}
	for _, tag := range tags {
		wantTags[tag] = digest(image)
	}
	gotTags := s.Tags(t, path)
	images, err := image.Root.Images()
	if err != nil {
		t.Fatal(err)
	}
	for _, subject := range images {
		digest, err := subject.Digest()
		if err != nil {
			t.Fatal(err)
		}
		checkReferrer(t, s, repository.Digest(digest.String()))
		standIn := strings.Replace(digest.String(), ":", "-", 1)
		if _, ok := gotTags[standIn]; ok != fallback {
			t.Errorf("there is a tag %s: %t, want %t", standIn, ok, fallback)
		}
		delete(gotTags, standIn)
	}
	if diff := cmp.Diff(wantTags, gotTags); diff != "" {
		t.Errorf("tags of %s (-want +got):\n%s", path, diff)
	}
}

// checkReferrer checks that one artifact refers to an image, and that it is the SBOM.
func checkReferrer(t *testing.T, s *registrytest.Server, subject name.Digest) {
	t.Helper()
	referrers, err := remote.Referrers(subject, s.Options(registrytest.Password)...)
	if err != nil {
		t.Fatal(err)
	}
	list, err := referrers.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	if len(list.Manifests) != 1 {
		t.Fatalf("%s has the referrers %v, want one", subject, list.Manifests)
	}
	artifact, err := remote.Image(subject.Context().Digest(list.Manifests[0].Digest.String()), s.Options(registrytest.Password)...)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := artifact.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	if manifest.ArtifactType != sbomType || manifest.Subject.Digest.String() != subject.DigestStr() {
		t.Errorf("the artifact is %s about %s, want %s about %s", manifest.ArtifactType, manifest.Subject.Digest, sbomType, subject.DigestStr())
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
	if text, err := io.ReadAll(blob); err != nil || !strings.Contains(string(text), "SPDX-2.3") {
		t.Errorf("the artifact is %q, %v", text, err)
	}
}

// TestInterrupted cuts the connection at each change that a push makes, one after the other. Then the tag leads to what it
// led to before, and a second push completes what the first began.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	old, image := single(t), index(t)
	for _, fallback := range []bool{false, true} {
		t.Run(fmt.Sprintf("fallback=%t", fallback), func(t *testing.T) {
			t.Parallel()
			for limit := 1; ; limit++ {
				s := registrytest.Start(t, registry.WithReferrersSupport(!fallback))
				run(t, pushOptions(t, s, old, "ns/capacity"))

				s.CutAfter(limit)
				options := pushOptions(t, s, image, "ns/capacity", "mirror/capacity")
				err := push.Run(t.Context(), options)
				if err == nil {
					// All changes were made: it takes more than the tags, two images of three blobs, and two SBOMs.
					if limit < 20 {
						t.Errorf("a push makes %d changes only", limit)
					}
					return
				}
				if !strings.Contains(err.Error(), "repeat the push") {
					t.Errorf("after %d changes: %v; want to be told to repeat", limit, err)
				}
				tagging := slices.ContainsFunc(s.Answered("PUT"), func(path string) bool { return strings.HasSuffix(path, "/manifests/v1") })
				if got := s.Tags(t, "ns/capacity")["v1"]; !tagging && got != digest(old) {
					t.Fatalf("after %d changes the tag leads to %s, want what it led to before, %s", limit, got, digest(old))
				}

				uploaded := s.Answered("PATCH")
				s.CutAfter(0)
				run(t, options)
				for _, path := range []string{"ns/capacity", "mirror/capacity"} {
					if got := s.Tags(t, path)["v1"]; got != digest(image) {
						t.Fatalf("after %d changes and a second push the tag leads to %s, want %s", limit, got, digest(image))
					}
				}
				// The tag of old's SBOM is there as well, so only what is new is compared.
				checkPushed(t, s, "mirror/capacity", image, fallback, options.Tags)
				// The blobs of two repositories: three of each image, and two of each SBOM, of which all have the same.
				if total := len(uploaded) + len(s.Answered("PATCH")); total > 2*(2*3+2)+2*4 {
					t.Errorf("after %d changes both pushes sent %d blobs: what is there is sent again", limit, total)
				}
			}
		})
	}
}

func TestDryRun(t *testing.T) {
	t.Parallel()
	s, image := registrytest.Start(t), single(t)
	options := pushOptions(t, s, image, "ns/capacity")
	options.DryRun = true
	options.Signer = &push.Signer{Program: "not-there"}
	var progress bytes.Buffer
	options.Progress = &progress
	run(t, options)
	if asked := s.Answered(""); len(asked) > 0 {
		t.Errorf("a dry run asked for %q", asked)
	}
	reference := s.Host + "/ns/capacity@" + digest(image)
	for _, want := range []string{
		"would push " + reference + " (at most 0.0 MB)",
		"would attach " + sbomType + " to " + reference,
		"would sign " + reference + " with not-there",
		"would tag " + s.Host + "/ns/capacity:v1",
	} {
		if !strings.Contains(progress.String(), want+"\n") {
			t.Errorf("it does not say %q, but\n%s", want, progress.String())
		}
	}
}

func TestComplains(t *testing.T) {
	t.Parallel()
	image := single(t)
	for name, tc := range map[string]struct {
		change func(*registrytest.Server, *push.Options)
		want   []string
	}{
		"a wrong password": {
			func(s *registrytest.Server, o *push.Options) { o.Remote = s.Options("wrong") },
			[]string{"pushing example.com:", "401 Unauthorized", "docker login example.com:"},
		},
		"an unknown authority": {
			func(s *registrytest.Server, o *push.Options) { o.Remote = o.Remote[1:] },
			[]string{"pushing ", "SSL_CERT_FILE"},
		},
		"no such program": {
			func(_ *registrytest.Server, o *push.Options) { o.Signer = &push.Signer{Program: "not-there"} },
			[]string{"not-there", "install cosign"},
		},
		"no tag": {
			func(_ *registrytest.Server, o *push.Options) { o.Tags = []string{"v1", "not a tag"} },
			[]string{`the tag "not a tag"`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := registrytest.Start(t)
			path := "ns/capacity"
			options := pushOptions(t, s, image, path)
			if name == "an unknown authority" {
				// By its address, since nothing tells where example.com is.
				repository := strings.Replace(s.URL, "https://", "", 1) + "/" + path
				destinations, err := push.Destinations([]push.Image{image}, []string{repository}, nil, false)
				if err != nil {
					t.Fatal(err)
				}
				options.Destinations = destinations
			}
			tc.change(s, &options)
			err := push.Run(t.Context(), options)
			if err == nil {
				t.Fatal("want an error")
			}
			for _, want := range tc.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want an error with %q", err, want)
				}
			}
			if puts := s.Answered("PUT"); len(puts) > 0 {
				t.Errorf("it put %q", puts)
			}
		})
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	s := registrytest.Start(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := push.Run(ctx, pushOptions(t, s, single(t), "ns/capacity")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want it cancelled", err)
	}
}

func TestAttachComplains(t *testing.T) {
	t.Parallel()
	image, err := push.Open("capacity", write(t, newImage(t, "amd64")))
	if err != nil {
		t.Fatal(err)
	}
	dir := attached(t, newImage(t, "amd64"))[0]
	if err := push.Attach([]push.Image{image}, []string{dir}); err == nil || !strings.Contains(err.Error(), dir+" refers to none of the images") {
		t.Errorf("an artifact of another image: %v", err)
	}
	dir = attached(t, image.Root.Image)[0]
	if err := push.Attach([]push.Image{image}, []string{dir, dir}); err == nil || !strings.Contains(err.Error(), "which was given before") {
		t.Errorf("an artifact that is given twice: %v", err)
	}
}

func TestMain(m *testing.M) {
	if os.Getenv(signerVariable) != "" {
		os.Exit(signer(os.Args[1:]))
	}
	os.Exit(m.Run())
}
