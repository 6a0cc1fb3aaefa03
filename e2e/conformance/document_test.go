package conformance

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWalkFindsEveryField(t *testing.T) {
	t.Parallel()
	var document openAPI
	if err := json.Unmarshal([]byte(`{"components": {"schemas": {
		"Review": {
			"x-kubernetes-group-version-kind": [{"group": "e2e.example.com", "version": "v1", "kind": "Review"}],
			"properties": {
				"metadata": {"allOf": [{"$ref": "#/components/schemas/io.k8s.apimachinery.ObjectMeta"}]},
				"spec": {"properties": {"inline": {"description": "said"}}},
				"tree": {"$ref": "#/components/schemas/Tree"},
				"list": {"items": {"properties": {"item": {}}}},
				"map": {"additionalProperties": {"properties": {"value": {}}}},
				"open": {"additionalProperties": true}
			}
		},
		"Tree": {"properties": {"child": {"$ref": "#/components/schemas/Tree"}}},
		"io.k8s.apimachinery.ObjectMeta": {"properties": {"name": {}}}
	}}}`), &document); err != nil {
		t.Fatal(err)
	}
	root, err := document.kind(reviews)
	if err != nil {
		t.Fatal(err)
	}
	fields := document.walk(root, "Review", nil)
	want := []string{
		"Review.list", "Review.list.item", "Review.map", "Review.map.value", "Review.metadata", "Review.open",
		"Review.spec", "Review.spec.inline", "Review.tree", "Review.tree.child",
	}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(fields))); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	if got := fields["Review.spec.inline"].Description; got != "said" {
		t.Errorf("description %q, want said", got)
	}
	other := reviews
	other.Kind = "Other"
	if _, err := document.kind(other); err == nil {
		t.Error("a kind that is not there was found")
	}
}

func TestParseTable(t *testing.T) {
	t.Parallel()
	got := parseTable("NAME   READY UP   AGE\na      1 of 2     3s\nb      2          4s\n")
	want := []Column{{Heading: "NAME", Value: "a"}, {Heading: "READY UP", Value: "1 of 2"}, {Heading: "AGE", Value: "3s"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
}

func TestPointer(t *testing.T) {
	t.Parallel()
	field := Field{Path: []string{"metadata", "labels", "example.com/a~b"}}
	if got, want := field.pointer(), "/metadata/labels/example.com~1a~0b"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
