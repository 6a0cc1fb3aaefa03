package layout

import (
	"cmp"
	"fmt"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

func newIndex() v1.ImageIndex { return mutate.IndexMediaType(empty.Index, types.OCIImageIndex) }

// NewIndex makes an index of images for different platforms, ordered by platform.
func NewIndex(images []v1.Image, annotations map[string]string) (v1.ImageIndex, error) {
	var addenda []mutate.IndexAddendum
	seen := map[string]bool{}
	for _, image := range images {
		config, err := image.ConfigFile()
		if err != nil {
			return nil, fmt.Errorf("making an index: reading an image's configuration: %w", err)
		}
		platform := config.Platform()
		if platform == nil || platform.Architecture == "" {
			return nil, fmt.Errorf("making an index: an image says no platform")
		}
		if seen[platform.String()] {
			return nil, fmt.Errorf("making an index: two images are for %s", platform)
		}
		seen[platform.String()] = true
		addenda = append(addenda, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: platform}})
	}
	slices.SortFunc(addenda, func(a, b mutate.IndexAddendum) int {
		return cmp.Compare(a.Platform.String(), b.Platform.String())
	})
	index := mutate.AppendManifests(newIndex(), addenda...)
	if len(annotations) == 0 {
		return index, nil
	}
	annotated, ok := mutate.Annotations(index, annotations).(v1.ImageIndex)
	if !ok {
		return nil, fmt.Errorf("making an index: go-containerregistry annotates indexes as something else")
	}
	return annotated, nil
}
