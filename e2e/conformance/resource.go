package conformance

import (
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Resource is a resource under test: what it claims in discovery, and objects
// to try it with.
type Resource struct {
	// GVR names it: {capacity.example.com v1 reservations}.
	GVR schema.GroupVersionResource
	// Kind and Singular are its other names: Reservation, reservation.
	Kind, Singular string
	// ShortNames and Categories are all those that discovery shows, in order.
	ShortNames, Categories []string
	// Namespaced is false for a resource of the whole cluster.
	Namespaced bool
	// Verbs are exactly those that work.
	Verbs []string
	// Subresources are all there are, each with exactly the verbs that work.
	Subresources map[string][]string

	// Sample is a valid object in YAML or JSON. Its metadata is replaced.
	Sample string
	// Change is a field of the specification that may change, and a valid value
	// that the sample does not have.
	Change Field
	// Other is a second valid value of the same field, in neither.
	Other any
	// Immutable, where the resource has one, is a required field that may not
	// change, with a valid value that the sample does not have.
	Immutable *Field
	// Invalid are values that must be refused, one at a time.
	Invalid []Field
	// Status is a field of the status, for a resource with a status
	// subresource, and a value that a new object does not have.
	Status *Field
	// StatusTakesMetadata is true where the status subresource also writes
	// labels, annotations and finalizers, as that of many built-in resources
	// does. For custom resources, and ours, it is false.
	StatusTakesMetadata bool

	// Protobuf is true where objects are served in protobuf, as all built-in
	// ones are, and ours; custom resources are not.
	Protobuf bool
	// CBOR is true where objects are served in CBOR: where the server runs with
	// the feature gate CBORServingAndStorage.
	CBOR bool

	// Columns are what kubectl get prints between NAME and AGE.
	Columns []Column
	// Selectable are the field selectors besides metadata.name and
	// metadata.namespace, each with its value in a new object of the sample.
	Selectable map[string]string
}

// Column is a column that kubectl get prints.
type Column struct {
	// Heading is in capitals, as printed.
	Heading string
	// Value is what it says of a new object of the sample.
	Value string
	// Wide is true for a column that is printed only with --output=wide.
	Wide bool
}

// GVK names the kind.
func (r Resource) GVK() schema.GroupVersionKind {
	return r.GVR.GroupVersion().WithKind(r.Kind)
}
