package push_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/annex/tools/image/push"
)

func TestDestinations(t *testing.T) {
	t.Parallel()
	one := []push.Image{{Name: "capacity"}}
	two := []push.Image{{Name: "capacity"}, {Name: "topology"}}
	for name, tc := range map[string]struct {
		images                 []push.Image
		repositories, prefixes []string
		want                   []string
		complaint              string
	}{
		"repositories":  {one, []string{"example.com/ns/c", "localhost:5000/c"}, nil, []string{"example.com/ns/c", "localhost:5000/c"}, ""},
		"prefixes":      {two, nil, []string{"example.com/ns", "example.com/"}, []string{"example.com/ns/capacity", "example.com/capacity", "example.com/ns/topology", "example.com/topology"}, ""},
		"both":          {one, []string{"example.com/c"}, []string{"example.com/ns"}, []string{"example.com/c", "example.com/ns/capacity"}, ""},
		"Docker Hub":    {one, []string{"docker.io/ns/capacity"}, nil, []string{"index.docker.io/ns/capacity"}, ""},
		"neither":       {one, nil, nil, nil, "where to?"},
		"two images":    {two, []string{"example.com/c"}, nil, nil, "--prefix=REGISTRY/PATH"},
		"no registry":   {one, []string{"ns/capacity"}, nil, nil, "say docker.io/ns/capacity"},
		"a tag":         {one, []string{"example.com/c:v1"}, nil, nil, "tags are said with --tag"},
		"no repository": {one, []string{"example.com/NS"}, nil, nil, "the repository example.com/NS"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			destinations, err := push.Destinations(tc.images, tc.repositories, tc.prefixes, false)
			if tc.complaint != "" {
				if err == nil || !strings.Contains(err.Error(), tc.complaint) {
					t.Errorf("got %v, want an error with %q", err, tc.complaint)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, destination := range destinations {
				got = append(got, destination.Repository.Name())
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("the repositories (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPlainHTTP(t *testing.T) {
	t.Parallel()
	for _, plain := range []bool{false, true} {
		destinations, err := push.Destinations([]push.Image{{Name: "capacity"}}, []string{"example.com/c"}, nil, plain)
		if err != nil {
			t.Fatal(err)
		}
		want := map[bool]string{false: "https", true: "http"}[plain]
		if got := destinations[0].Repository.Scheme(); got != want {
			t.Errorf("with plainHTTP=%t it is %s, want %s", plain, got, want)
		}
	}
}
