package registry

import (
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// selection is what a resource's objects are selected by.
type selection[T Object] struct {
	// resource is the plural name.
	resource      string
	clusterScoped bool
	fields        map[string]func(T) string
	paths         FieldPaths
}

// attributes are the labels and the selectable fields of an object.
func (s selection[T]) attributes(obj runtime.Object) (labels.Set, fields.Set, error) {
	o, ok := obj.(T)
	if !ok {
		return nil, nil, fmt.Errorf("selecting %s: got a %T, want a %T", s.resource, obj, *new(T))
	}
	set := fields.Set{"metadata.name": o.GetName()}
	if !s.clusterScoped {
		set["metadata.namespace"] = o.GetNamespace()
	}
	for path, value := range s.fields {
		set[path] = value(o)
	}
	return o.GetLabels(), set, nil
}

// addTo lets requests of every version select by the resource's fields, and refuses all other fields with an error that
// names those that work.
func (s selection[T]) addTo(scheme *runtime.Scheme, kind schema.GroupKind) error {
	for _, version := range scheme.VersionsForGroupKind(kind) {
		gvk := version.WithKind(kind.Kind)
		selectable := map[string]string{} // from the version's paths to the internal ones
		for _, path := range s.selectable() {
			selectable[s.paths.in(version.Version, path)] = path
		}
		err := scheme.AddFieldLabelConversionFunc(gvk, func(label, value string) (string, string, error) {
			if path, ok := selectable[label]; ok {
				return path, value, nil
			}
			return "", "", fmt.Errorf("%q is not a known field selector of %s: use one of %q", label, s.resource, slices.Sorted(maps.Keys(selectable)))
		})
		if err != nil {
			return fmt.Errorf("adding field selectors of %s: %w", gvk, err)
		}
	}
	return nil
}

// selectable are the fields of the internal type that users can select by.
func (s selection[T]) selectable() []string {
	paths := append(slices.Collect(maps.Keys(s.fields)), "metadata.name")
	if !s.clusterScoped {
		paths = append(paths, "metadata.namespace")
	}
	return paths
}
