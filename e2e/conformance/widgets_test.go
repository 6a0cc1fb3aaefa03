package conformance_test

import (
	_ "embed"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"example.com/annex/e2e/conformance"
)

//go:embed testdata/widgets.yaml
var widgetDefinition string

// widgets are custom resources, in two versions.
func widgets() []conformance.Resource {
	var all []conformance.Resource
	for _, version := range []string{"v1", "v1beta1"} {
		size := []string{"spec", "size"}
		reads := `{spec: {size: 4, color: green}}`
		all = append(all, conformance.Resource{
			GVR:          schema.GroupVersionResource{Group: "e2e.example.com", Version: version, Resource: "widgets"},
			Kind:         "Widget",
			Singular:     "widget",
			ShortNames:   []string{"wdg"},
			Categories:   []string{"e2e-widgets"},
			Namespaced:   true,
			Verbs:        stored,
			Subresources: map[string][]string{"status": part, "scale": part},
			Needs:        []string{widgetDefinition},
			Sample:       `spec: {size: 4}`,
			Change:       conformance.Field{Path: size, Value: int64(8)},
			Other:        int64(12),
			Immutable:    &conformance.Field{Path: []string{"spec", "color"}, Value: "blue"},
			Invalid: []conformance.Field{
				{Path: size, Value: int64(-1)},
				{Path: []string{"spec", "color"}, Value: "loud"},
			},
			Generation: true,
			Status:     &conformance.Field{Path: []string{"status", "ready"}, Value: int64(2)},
			Scale:      &conformance.Field{Path: size, Value: int64(6)},
			Columns: []conformance.Column{
				{Heading: "SIZE", Value: "4"},
				{Heading: "COLOR", Value: "green", Wide: true},
			},
			Selectable: map[string]string{"spec.color": "green"},
			Reads:      map[string]string{"v1": reads, "v1beta1": reads},
			Stored:     "v1",
		})
	}
	first, second := all[0], all[1]
	all[0].Versions = []conformance.Resource{second}
	all[1].Versions = []conformance.Resource{first}
	return all
}
