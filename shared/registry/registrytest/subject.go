package registrytest

import (
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/registry"
)

// Subject is a stored resource as its test describes it: a [registry.Standard] of a server, and objects to try it with.
type Subject[T registry.Object] struct {
	// Definition is the server's, and Resource one of its resources. Required.
	Definition apiserver.Definition
	Resource   schema.GroupResource

	// Valid returns a valid object, with all defaults, and with the status that a new one has. Its name and namespace are
	// replaced. Required.
	Valid func() T
	// Change makes a valid change to the spec. Required.
	Change func(T)
	// Invalid are changes that make of a valid object one that can't be created. At least one.
	Invalid []func(T)
	// InvalidChanges are changes that no update of an object may make. At least one.
	InvalidChanges []func(T)
	// ChangeStatus makes a valid change to the status of a new object. Required.
	ChangeStatus func(T)
	// InvalidStatuses are changes that no update of a status may make. At least one.
	InvalidStatuses []func(T)

	// Selectable are the fields, besides the object's name and namespace, that it can be selected by, with the values that they
	// have in a valid object.
	Selectable fields.Set
	// Singular, ShortNames and Categories are the names that discovery shows, in order.
	Singular               string
	ShortNames, Categories []string
}

// Storage tests the storage of the resource and of its subresources status and scale, through every version.
func Storage[T registry.Object](t *testing.T, backend Backend, s Subject[T]) {
	t.Helper()
	for name, missing := range map[string]bool{
		"Valid":           s.Valid == nil,
		"Change":          s.Change == nil,
		"Invalid":         len(s.Invalid) == 0,
		"InvalidChanges":  len(s.InvalidChanges) == 0,
		"ChangeStatus":    s.ChangeStatus == nil,
		"InvalidStatuses": len(s.InvalidStatuses) == 0,
	} {
		if missing {
			t.Fatalf("the test of %s does not set %s", s.Resource, name)
		}
	}
	resource, versions := find(t, s.Definition, s.Resource)
	tests := map[string]func(trial[T]){
		"names":  trial[T].names,
		"create": trial[T].create,
		"update": trial[T].update,
		"delete": trial[T].delete,
		"get":    trial[T].get,
		"list":   trial[T].list,
		"watch":  trial[T].watch,
		"status": trial[T].status,
	}
	if slices.ContainsFunc(registry.SubresourcesOf(resource), func(r registry.Subresource) bool { return r.Name == "scale" }) {
		tests["scale"] = trial[T].scale
	}
	for _, version := range versions {
		for name, test := range tests {
			t.Run(version+"/"+name, func(t *testing.T) {
				t.Parallel()
				test(try(t, backend, s, version))
			})
		}
	}
}
