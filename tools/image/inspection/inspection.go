package inspection

import (
	"archive/tar"
	"fmt"
	"maps"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"example.com/annex/tools/image/layer"
)

// Expectation is what an image must be like. What is empty is not looked at.
type Expectation struct {
	Entrypoint []string `json:"entrypoint,omitempty"`
	Cmd        []string `json:"cmd,omitempty"`
	User       string   `json:"user,omitempty"`
	WorkingDir string   `json:"workingDir,omitempty"`
	// Env, Labels and Annotations must be there with these values; others may be, too.
	Env         map[string]string `json:"env,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
	// Files and directories that must be there, with their modes.
	Files map[string]layer.Mode `json:"files,omitempty"`
	// Absent are paths at and below which nothing must be.
	Absent []string `json:"absent,omitempty"`
	// MaxBytes is how large the image may be in a registry: configuration and compressed layers.
	MaxBytes int64 `json:"maxBytes,omitempty"`
}

// Check returns what an image is that was not expected: a sentence for each. Whatever the expectation, the program of the
// entrypoint must be there, and everybody must be able to run it. The error is about an image that can't be read.
func Check(image v1.Image, want Expectation) ([]string, error) {
	file, err := image.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("reading the image's configuration: %w", err)
	}
	manifest, err := image.Manifest()
	if err != nil {
		return nil, fmt.Errorf("reading the image's manifest: %w", err)
	}
	found, err := files(image)
	if err != nil {
		return nil, err
	}
	var c complaints
	config := file.Config
	c.lists("entrypoint", config.Entrypoint, want.Entrypoint)
	c.lists("cmd", config.Cmd, want.Cmd)
	c.strings("user", config.User, want.User)
	c.strings("working directory", config.WorkingDir, want.WorkingDir)
	c.maps("environment variable", variables(config.Env), want.Env)
	c.maps("label", config.Labels, want.Labels)
	c.maps("annotation", manifest.Annotations, want.Annotations)
	c.modes(found, want.Files)
	c.absent(found, want.Absent)
	c.runs(found, config.Entrypoint)
	c.size(manifest, want.MaxBytes)
	return c, nil
}

// complaints collects what is not as it should be.
type complaints []string

func (c *complaints) add(format string, args ...any) { *c = append(*c, fmt.Sprintf(format, args...)) }

func (c *complaints) strings(what, got, want string) {
	if want != "" && got != want {
		c.add("the %s is %q, want %q", what, got, want)
	}
}

func (c *complaints) lists(what string, got, want []string) {
	if len(want) > 0 && !slices.Equal(got, want) {
		c.add("the %s is %q, want %q", what, got, want)
	}
}

func (c *complaints) maps(what string, got, want map[string]string) {
	for _, key := range slices.Sorted(maps.Keys(want)) {
		switch value, ok := got[key]; {
		case !ok:
			c.add("there is no %s %s, want %q", what, key, want[key])
		case value != want[key]:
			c.add("the %s %s is %q, want %q", what, key, value, want[key])
		}
	}
}

func (c *complaints) modes(found map[string]*tar.Header, want map[string]layer.Mode) {
	for _, path := range slices.Sorted(maps.Keys(want)) {
		switch header, ok := found[path]; {
		case !ok:
			c.add("there is no %s", path)
		case layer.Mode(header.Mode) != want[path]:
			c.add("%s has the mode %s, want %s", path, layer.Mode(header.Mode), want[path])
		}
	}
}

func (c *complaints) absent(found map[string]*tar.Header, unwanted []string) {
	for _, path := range slices.Sorted(maps.Keys(found)) {
		for _, root := range unwanted {
			if path == root || strings.HasPrefix(path, root+"/") {
				c.add("there is %s, and nothing must be at %s", path, root)
			}
		}
	}
}

func (c *complaints) runs(found map[string]*tar.Header, entrypoint []string) {
	if len(entrypoint) == 0 {
		return
	}
	switch header, ok := found[entrypoint[0]]; {
	case !ok:
		c.add("there is no %s, which is the entrypoint", entrypoint[0])
	case header.Typeflag != tar.TypeReg:
		c.add("%s, the entrypoint, is not a regular file", entrypoint[0])
	case header.Mode&0o001 == 0:
		c.add("%s, the entrypoint, has the mode %s: not everybody can run it", entrypoint[0], layer.Mode(header.Mode))
	}
}

func (c *complaints) size(manifest *v1.Manifest, limit int64) {
	total := manifest.Config.Size
	for _, layer := range manifest.Layers {
		total += layer.Size
	}
	if limit > 0 && total > limit {
		c.add("it is %d bytes large, want at most %d", total, limit)
	}
}

// variables splits an environment of NAME=VALUE.
func variables(env []string) map[string]string {
	split := make(map[string]string, len(env))
	for _, setting := range env {
		name, value, _ := strings.Cut(setting, "=")
		split[name] = value
	}
	return split
}
