package registry

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/registry/generic"
	"k8s.io/apiserver/pkg/registry/rest"
)

// Object is an API object: a pointer to a Go type with type and object metadata.
type Object interface {
	runtime.Object
	metav1.Object
}

// Resource is one REST resource of a group, with its subresources. Standard makes one for objects that are kept in
// storage; a computed resource implements the interface itself.
type Resource interface {
	// Name is the plural, lower-case name that appears in URLs and RBAC rules, for example "reservations".
	Name() string
	// Storage builds the handlers. The key "" is the resource itself; every other key is a subresource, for
	// example "status". It is called once per server, before any request is served.
	Storage(Options) (map[string]rest.Storage, error)
}

// Options are what a Resource is built with.
type Options struct {
	// Group is the API group's name, for example "capacity.example.com".
	Group string
	// Scheme holds the group's internal and versioned types. Storage may add field label conversions to it.
	Scheme *runtime.Scheme
	// RESTOptionsGetter says where and how each resource is stored.
	RESTOptionsGetter generic.RESTOptionsGetter
}
