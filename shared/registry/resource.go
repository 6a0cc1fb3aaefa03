package registry

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/registry/generic"
	"k8s.io/apiserver/pkg/registry/rest"

	"example.com/annex/shared/reflector"
	"example.com/annex/shared/storage/external"
)

// Object is an API object: a pointer to a Go type with type and object metadata.
type Object interface {
	runtime.Object
	metav1.Object
}

// Resource is one REST resource of a group, with its subresources. Standard makes one for objects that are kept in
// storage, Computed one for objects that are made when somebody asks, and Review one for questions. What is none of these
// implements the interface itself.
type Resource interface {
	// Name is the plural, lower-case name that appears in URLs and RBAC rules, for example "reservations".
	Name() string
	// Access is who may use which of the verbs that it serves.
	Access() Access
	// Storage builds the handlers. The key "" is the resource itself; every other key is a subresource, for
	// example "status". It is called once per server, before any request is served.
	Storage(Options) (map[string]rest.Storage, error)
}

// Access are the verbs that the built-in roles of these names should have. Each role has those of the ones below it, too.
type Access struct {
	View, Edit []string
}

// Stored is a Resource whose objects are kept in storage that the server's flags choose. A server without any has no such
// flags.
type Stored interface {
	Resource
	// Stored does nothing but tell the two kinds apart.
	Stored()
}

// Tabled is a Resource whose objects may be rows of a table that another program owns.
type Tabled interface {
	Stored
	// Mapping says how; nil if they are none.
	Mapping() *external.Mapping
	// FieldPath is where a version has the field that Mapping has at a path.
	FieldPath(version, path string) string
}

// Reader is a Resource that is made of what other API servers serve.
type Reader interface {
	Resource
	// Reads are the resources that it lists and watches, in all namespaces, with the server's own rights.
	Reads() []schema.GroupResource
}

// Subresourced is a Resource that has subresources. What the server must know of them before there is storage, and what is
// installed together with it, goes by what this says.
type Subresourced interface {
	Resource
	// Subresources are all there are.
	Subresources() []Subresource
}

// Subresource is one subresource of a Resource.
type Subresource struct {
	// Name is the last part of its URLs, for example "scale".
	Name string
	// View and Edit are the verbs that the built-in roles of these names should have. Each role has those of the ones below
	// it, too.
	View, Edit []string
	// LongRunning is true for streams: their requests have no deadline, are not counted among those in flight, and end when the
	// server shuts down, which their context tells them (k8s.io/apiserver/pkg/endpoints/request.ServerShutdownSignalFrom).
	// kube-apiserver, too, must let them run: it does for the names attach, exec, log, portforward and proxy, and cuts off
	// others after its --request-timeout.
	LongRunning bool
}

// SubresourcesOf are the subresources of a Resource, if it tells.
func SubresourcesOf(r Resource) []Subresource {
	if s, ok := r.(Subresourced); ok {
		return s.Subresources()
	}
	return nil
}

// SchemeAdder is a Resource that speaks of kinds that belong to other groups, for example autoscaling/v1 Scale.
type SchemeAdder interface {
	Resource
	// AddToScheme adds these kinds to the server's scheme, which has those of its own groups.
	AddToScheme(*runtime.Scheme) error
}

// Options are what a Resource is built with.
type Options struct {
	// Group is the API group's name, for example "capacity.example.com".
	Group string
	// Scheme holds the group's internal and versioned types. Storage may add field label conversions to it.
	Scheme *runtime.Scheme
	// RESTOptionsGetter says where and how each resource is stored. It is nil for a server without Stored resources.
	RESTOptionsGetter generic.RESTOptionsGetter
	// Reflectors have what other API servers serve. They run as long as the server does.
	Reflectors *reflector.Set
}
