package registrytest

import (
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	genericregistry "k8s.io/apiserver/pkg/registry/generic/registry"
	"k8s.io/apiserver/pkg/registry/rest"

	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/registry"
)

// find is the resource of the Definition, with the versions of its group.
func find(t testing.TB, definition apiserver.Definition, wanted schema.GroupResource) (registry.Resource, []string) {
	t.Helper()
	for _, group := range definition.Groups {
		for _, resource := range group.Resources {
			if group.Name == wanted.Group && resource.Name() == wanted.Resource {
				return resource, group.Versions
			}
		}
	}
	t.Fatalf("the Definition of %s has no resource %s", definition.Name, wanted)
	return nil, nil
}

// storageOf makes the storage of a resource, and of its subresources, on a scheme of its own.
func storageOf(t testing.TB, backend Backend, definition apiserver.Definition, wanted schema.GroupResource) (*runtime.Scheme, map[string]rest.Storage) {
	t.Helper()
	resource, _ := find(t, definition, wanted)
	scheme, err := definition.Scheme()
	if err != nil {
		t.Fatal(err)
	}
	storage, err := resource.Storage(registry.Options{
		Group: wanted.Group, Scheme: scheme, RESTOptionsGetter: backend(definition, scheme),
	})
	if err != nil {
		t.Fatal(err)
	}
	return scheme, storage
}

// genericStore is upstream's store below the resource's storage.
func genericStore(t testing.TB, storage map[string]rest.Storage) *genericregistry.Store {
	t.Helper()
	s, ok := storage[""].(interface{ GenericStore() *genericregistry.Store })
	if !ok {
		t.Fatalf("the storage is a %T, want that of a registry.Standard", storage[""])
	}
	return s.GenericStore()
}
