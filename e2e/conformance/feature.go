package conformance

import (
	"strconv"

	"sigs.k8s.io/e2e-framework/pkg/features"
)

// Labels of the features, for who selects among them or counts what became of them.
const (
	// AreaLabel has the Area.
	AreaLabel = "area"
	// ClaimedLabel is "true" or "false".
	ClaimedLabel = "claimed"
	// ResourceLabel has the String of the Resource.
	ResourceLabel = "resource"
)

// Feature is one area of what resources do, and one resource held to it.
type Feature struct {
	// Area is its name, the same for every resource: "Lists".
	Area string
	// Claimed is false where the resource claims nothing of the area. Then the feature checks that there is nothing, as far as
	// that can be seen from outside; where it can't, the feature has no assessments.
	Claimed bool
	// Builder is what runs. Its labels are AreaLabel, ClaimedLabel and ResourceLabel.
	Builder *features.FeatureBuilder

	resource Resource
}

// try starts the feature about an area.
func try(r Resource, area string, claimed bool) *trial {
	tr := &trial{Resource: r}
	tr.Feature = Feature{Area: area, Claimed: claimed, resource: r, Builder: features.New(r.GVR.Resource+" "+r.GVR.Version+" "+area).
		WithLabel(AreaLabel, area).
		WithLabel(ClaimedLabel, strconv.FormatBool(claimed)).
		WithLabel(ResourceLabel, r.String()).
		Setup(tr.open)}
	return tr
}
