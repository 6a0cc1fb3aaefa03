package assembly

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"example.com/annex/tools/image/layer"
)

// Image says what an image is made of.
type Image struct {
	// Architecture as Go names it: amd64 or arm64. The operating system is Linux.
	Architecture string `json:"architecture"`
	// Files and directories are a layer of their own, and so is the program: files change less often.
	Files   []layer.Entry `json:"files,omitempty"`
	Program *layer.Entry  `json:"program,omitempty"`

	// What is not said is taken from the base. Cmd is not, where there is an Entrypoint: it would be the base's arguments
	// for another program.
	Entrypoint []string `json:"entrypoint,omitempty"`
	Cmd        []string `json:"cmd,omitempty"`
	User       string   `json:"user,omitempty"`
	WorkingDir string   `json:"workingDir,omitempty"`
	// Env, Labels are added to the base's.
	Env    map[string]string `json:"env,omitempty"`
	Labels map[string]string `json:"labels,omitempty"`
	// Annotations are those of the manifest.
	Annotations map[string]string `json:"annotations,omitempty"`
}

// epoch is when every image was created.
var epoch = v1.Time{Time: time.Unix(0, 0).UTC()}

// On builds the image on a base, which may be nil.
func (i Image) On(base v1.Image) (v1.Image, error) {
	if base == nil {
		base = mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	}
	addenda, err := i.layers()
	if err != nil {
		return nil, err
	}
	image, err := mutate.Append(base, addenda...)
	if err != nil {
		return nil, fmt.Errorf("adding layers: %w", err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("reading the base's configuration: %w", err)
	}
	if config.Architecture != "" && config.Architecture != i.Architecture {
		return nil, fmt.Errorf("the base is for %s, and the image for %s", config.Architecture, i.Architecture)
	}
	image, err = mutate.ConfigFile(image, i.configure(config.DeepCopy()))
	if err != nil {
		return nil, fmt.Errorf("setting the configuration: %w", err)
	}
	if len(i.Annotations) == 0 {
		return image, nil
	}
	annotated, ok := mutate.Annotations(image, i.Annotations).(v1.Image)
	if !ok {
		return nil, errors.New("go-containerregistry annotates images as something else")
	}
	return annotated, nil
}

func (i Image) layers() ([]mutate.Addendum, error) {
	var addenda []mutate.Addendum
	add := func(entries []layer.Entry, what string) error {
		made, err := layer.New(entries)
		if err != nil {
			return err
		}
		addenda = append(addenda, mutate.Addendum{
			Layer:   made,
			History: v1.History{Created: epoch, CreatedBy: "bazel", Comment: what},
		})
		return nil
	}
	if len(i.Files) > 0 {
		if err := add(i.Files, "files"); err != nil {
			return nil, err
		}
	}
	if i.Program != nil {
		if err := checkProgram(i.Program.Source, i.Architecture); err != nil {
			return nil, err
		}
		if err := add([]layer.Entry{*i.Program}, "program"); err != nil {
			return nil, err
		}
	}
	return addenda, nil
}

// configure writes what the image says of itself over the base's configuration.
func (i Image) configure(file *v1.ConfigFile) *v1.ConfigFile {
	file.OS, file.Architecture = "linux", i.Architecture
	file.Created = epoch
	config := &file.Config
	if len(i.Entrypoint) > 0 {
		config.Entrypoint, config.Cmd = i.Entrypoint, nil
	}
	if len(i.Cmd) > 0 {
		config.Cmd = i.Cmd
	}
	if i.User != "" {
		config.User = i.User
	}
	if i.WorkingDir != "" {
		config.WorkingDir = i.WorkingDir
	}
	config.Env = mergeEnv(config.Env, i.Env)
	if len(i.Labels) > 0 {
		if config.Labels == nil {
			config.Labels = map[string]string{}
		}
		maps.Copy(config.Labels, i.Labels)
	}
	return file
}

// mergeEnv sets variables in the environment of a base: in place, or at the end, sorted.
func mergeEnv(base []string, variables map[string]string) []string {
	merged := slices.Clone(base)
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		setting := name + "=" + variables[name]
		at := slices.IndexFunc(merged, func(s string) bool { return strings.HasPrefix(s, name+"=") })
		if at < 0 {
			merged = append(merged, setting)
		} else {
			merged[at] = setting
		}
	}
	return merged
}
