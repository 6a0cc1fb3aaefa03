package storage

import (
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/registry/generic"

	"example.com/annex/shared/storage/sql"
)

// RESTOptionsGetter says of a resource what another getter does, but has it stored in a database.
type RESTOptionsGetter struct {
	generic.RESTOptionsGetter
	Database *sql.Database
	// Uncached says which resources are stored without the watch cache. Nil means none.
	Uncached func(schema.GroupResource) bool
	// Tables are the resources whose objects are rows of tables that other programs own. Nil means none.
	Tables *Tables
}

// GetRESTOptions says how to store a resource.
func (g RESTOptionsGetter) GetRESTOptions(resource schema.GroupResource, example runtime.Object) (generic.RESTOptions, error) {
	options, err := g.RESTOptionsGetter.GetRESTOptions(resource, example)
	if err != nil {
		return options, err
	}
	uncached := g.Uncached != nil && g.Uncached(resource)
	options.Decorator = Decorator(g.Database, uncached)
	if table, ok := g.Tables.of(resource); ok {
		options.Decorator = g.Tables.decorator(g.Database, table, uncached)
	}
	return options, nil
}
