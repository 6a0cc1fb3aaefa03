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

// attributes are the labels and the selectable fields of an object.
func (s Standard[T, Spec, Status]) attributes(obj runtime.Object) (labels.Set, fields.Set, error) {
	o, ok := obj.(T)
	if !ok {
		return nil, nil, fmt.Errorf("selecting %s: got a %T, want a %T", s.Plural, obj, s.New())
	}
	set := fields.Set{"metadata.name": o.GetName()}
	if !s.Strategy.ClusterScoped {
		set["metadata.namespace"] = o.GetNamespace()
	}
	for path, value := range s.SelectableFields {
		set[path] = value(o)
	}
	return o.GetLabels(), set, nil
}

// addFieldLabels lets requests of every version select by the resource's fields, and refuses all other fields with
// an error that names those that work.
func (s Standard[T, Spec, Status]) addFieldLabels(scheme *runtime.Scheme, kind schema.GroupKind) error {
	for _, version := range scheme.VersionsForGroupKind(kind) {
		gvk := version.WithKind(kind.Kind)
		selectable := map[string]string{} // from the version's paths to the internal ones
		for _, path := range s.selectable() {
			selectable[s.FieldPaths.in(version.Version, path)] = path
		}
		err := scheme.AddFieldLabelConversionFunc(gvk, func(label, value string) (string, string, error) {
			if path, ok := selectable[label]; ok {
				return path, value, nil
			}
			return "", "", fmt.Errorf("%q is not a known field selector of %s: use one of %q", label, s.Plural, slices.Sorted(maps.Keys(selectable)))
		})
		if err != nil {
			return fmt.Errorf("adding field selectors of %s: %w", gvk, err)
		}
	}
	return nil
}

// selectable are the fields of the internal type that users can select by.
func (s Standard[T, Spec, Status]) selectable() []string {
	paths := append(slices.Collect(maps.Keys(s.SelectableFields)), "metadata.name")
	if !s.Strategy.ClusterScoped {
		paths = append(paths, "metadata.namespace")
	}
	return paths
}
