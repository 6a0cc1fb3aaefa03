package apiserver

import (
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"example.com/annex/shared/registry"
	"example.com/annex/shared/storage"
)

// Tabled are the resources whose objects are rows of tables that other programs own, in the order of the Definition. A server that has
// any keeps all its objects in PostgreSQL, where those tables are.
func (d Definition) Tabled() []schema.GroupResource {
	var tabled []schema.GroupResource
	for _, g := range d.Groups {
		for _, r := range g.Resources {
			if t, ok := r.(registry.Tabled); ok && t.Mapping() != nil {
				tabled = append(tabled, schema.GroupResource{Group: g.Name, Resource: r.Name()})
			}
		}
	}
	return tabled
}

// tables are the resources whose objects are rows of tables that other programs own.
func (d Definition) tables(scheme *runtime.Scheme) *storage.Tables {
	tables := &storage.Tables{Resources: map[schema.GroupResource]storage.Table{}, Scheme: scheme}
	for _, g := range d.Groups {
		for _, r := range g.Resources {
			if t, ok := r.(registry.Tabled); ok && t.Mapping() != nil {
				tables.Resources[schema.GroupResource{Group: g.Name, Resource: r.Name()}] = storage.Table{
					Mapping: *t.Mapping(), Versions: g.Versions, FieldPath: t.FieldPath,
				}
			}
		}
	}
	return tables
}

// tabled tells whether there are any, which takes a database that has their tables.
func (o *Options) tabled() bool { return len(o.Definition.Tabled()) > 0 }
