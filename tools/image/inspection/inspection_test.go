package inspection_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"example.com/annex/tools/image/inspection"
	"example.com/annex/tools/image/layer"
)

func image(t *testing.T, change func(*v1.Config)) v1.Image {
	t.Helper()
	source := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(source, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	made, err := layer.New([]layer.Entry{
		{Path: "/usr/bin/program", Source: source, Mode: 0o755},
		{Path: "/etc/secret", Source: source, Mode: 0o600},
		{Path: "/tmp", Mode: 0o1777},
	})
	if err != nil {
		t.Fatal(err)
	}
	built, err := mutate.AppendLayers(empty.Image, made)
	if err != nil {
		t.Fatal(err)
	}
	config := v1.Config{
		Entrypoint: []string{"/usr/bin/program"},
		Cmd:        []string{"--flag"},
		User:       "65532:65532",
		WorkingDir: "/",
		Env:        []string{"PATH=/usr/bin"},
		Labels:     map[string]string{"label": "value"},
	}
	change(&config)
	built, err = mutate.Config(built, config)
	if err != nil {
		t.Fatal(err)
	}
	annotated, ok := mutate.Annotations(built, map[string]string{"annotation": "value"}).(v1.Image)
	if !ok {
		t.Fatal("annotations make it something else")
	}
	return annotated
}

func unchanged(*v1.Config) {}

func TestCheck(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(*v1.Config)
		expect inspection.Expectation
		want   []string
	}{
		"as expected": {unchanged, inspection.Expectation{
			Entrypoint:  []string{"/usr/bin/program"},
			Cmd:         []string{"--flag"},
			User:        "65532:65532",
			WorkingDir:  "/",
			Env:         map[string]string{"PATH": "/usr/bin"},
			Labels:      map[string]string{"label": "value"},
			Annotations: map[string]string{"annotation": "value"},
			Files:       map[string]layer.Mode{"/usr/bin/program": 0o755, "/tmp": 0o1777, "/usr": 0o755},
			Absent:      []string{"/bin", "/usr/bin/prog", "/lib"},
			MaxBytes:    10_000,
		}, nil},
		"nothing": {unchanged, inspection.Expectation{}, nil},
		"all else": {unchanged, inspection.Expectation{
			Entrypoint:  []string{"/usr/bin/program", "--flag"},
			Cmd:         []string{"--flags"},
			User:        "0",
			WorkingDir:  "/srv",
			Env:         map[string]string{"PATH": "/bin", "HOME": "/"},
			Labels:      map[string]string{"label": "other"},
			Annotations: map[string]string{"other": "value"},
			Files:       map[string]layer.Mode{"/usr/bin/program": 0o555, "/usr/bin/other": 0o755},
			Absent:      []string{"/usr/bin"},
		}, []string{
			`the entrypoint is ["/usr/bin/program"], want ["/usr/bin/program" "--flag"]`,
			`the cmd is ["--flag"], want ["--flags"]`,
			`the user is "65532:65532", want "0"`,
			`the working directory is "/", want "/srv"`,
			`there is no environment variable HOME, want "/"`,
			`the environment variable PATH is "/usr/bin", want "/bin"`,
			`the label label is "value", want "other"`,
			`there is no annotation other, want "value"`,
			`there is no /usr/bin/other`,
			`/usr/bin/program has the mode 0755, want 0555`,
			`there is /usr/bin, and nothing must be at /usr/bin`,
			`there is /usr/bin/program, and nothing must be at /usr/bin`,
		}},
		"no entrypoint":           {func(c *v1.Config) { c.Entrypoint = nil }, inspection.Expectation{}, nil},
		"an entrypoint not there": {func(c *v1.Config) { c.Entrypoint = []string{"/p"} }, inspection.Expectation{}, []string{"there is no /p, which is the entrypoint"}},
		"a directory":             {func(c *v1.Config) { c.Entrypoint = []string{"/tmp"} }, inspection.Expectation{}, []string{"/tmp, the entrypoint, is not a regular file"}},
		"what not everybody can":  {func(c *v1.Config) { c.Entrypoint = []string{"/etc/secret"} }, inspection.Expectation{}, []string{"/etc/secret, the entrypoint, has the mode 0600: not everybody can run it"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := inspection.Check(image(t, tc.change), tc.expect)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("complaints (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSize(t *testing.T) {
	t.Parallel()
	got, err := inspection.Check(image(t, unchanged), inspection.Expectation{MaxBytes: 100})
	if err != nil {
		t.Fatal(err)
	}
	// How large it is depends on how well Go compresses.
	if len(got) != 1 || !strings.HasPrefix(got[0], "it is ") || !strings.HasSuffix(got[0], " bytes large, want at most 100") {
		t.Errorf("complaints: %q; want one about the size", got)
	}
}
