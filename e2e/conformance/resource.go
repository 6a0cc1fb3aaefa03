package conformance

import (
	"errors"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Resource is a resource under test, in one of its versions: what it claims, and objects to try it with. What it claims is
// checked to hold, and what it does not claim is checked to be absent. Fields that say so may be left out where nothing is
// known: then there is nothing to check.
type Resource struct {
	// GVR names it: {capacity.example.com v1 reservations}.
	GVR schema.GroupVersionResource
	// Kind and Singular are its other names: Reservation, reservation.
	Kind, Singular string
	// ShortNames and Categories are all those that discovery shows, in order.
	ShortNames, Categories []string
	// Namespaced is false for a resource of the whole cluster.
	Namespaced bool
	// Verbs are exactly those that work. With get and create, what was created can be read. With create alone, the answer is all there
	// is, as of a SubjectAccessReview. With get or list and without create, the objects are there by themselves: see Existing.
	Verbs []string
	// Subresources are all there are, each with exactly the verbs that work.
	Subresources map[string][]string

	// Needs are objects, in YAML, without which no object of the sample can be: they are created before the first feature that needs
	// them, unless they are there already, and deleted after the last. What has a namespace and does not name it is created in that of
	// each feature.
	Needs []string
	// Sample is a valid object in YAML or JSON. Its metadata is replaced. Required with the verb create.
	Sample string
	// Existing is the name of an object that is there once Needs are. Required with the verbs get or list, and without create.
	Existing string
	// Change is a field that may change (of the specification, if there is one), and a valid value that the sample does not have.
	// Required with the verbs update or patch.
	Change Field
	// Other is a second valid value of the same field, in neither.
	Other any
	// Immutable, where the resource has one, is a required field that may not change, with a valid value that the sample does not
	// have.
	Immutable *Field
	// Invalid are values that must be refused, one at a time. The refusal names the field.
	Invalid []Field
	// Answer, for a resource that is created and not stored, is a field of the answer to the sample.
	Answer *Field
	// MaxName is the length of the longest name, 253 if 0: that of a DNS subdomain.
	MaxName int
	// PathNames is true where all names are good that can be a segment of a URL's path, as of RBAC's roles. Elsewhere they are as RFC
	// 1123 has them, at least.
	PathNames bool

	// AcceptsUnknown are where an object takes fields that nobody has declared (x-kubernetes-preserve-unknown-fields of custom resources): "" for
	// the whole object, "spec" for its specification. Elsewhere they are refused.
	AcceptsUnknown []string

	// Generation is true where metadata.generation is 1 in a new object and grows with Change. Where it is false, there is none.
	Generation bool
	// Unconditional is true where an update without resourceVersion overwrites whatever there is. Custom resources refuse it.
	Unconditional bool
	// ReturnsDeleted is true where a deletion answers with the object that is gone, as of ServiceAccounts
	// (ReturnDeletedObject of k8s.io/apiserver/pkg/registry/generic/registry.Store). Elsewhere it is a Status.
	ReturnsDeleted bool
	// CreateOnUpdate is true where an update of an absent object creates it, as of Leases and Services.
	CreateOnUpdate bool
	// StrategicMerge is true where strategic merge patches work. Custom resources don't know them.
	StrategicMerge bool
	// Protobuf is true where objects are served in protobuf, as all built-in ones are, and ours; custom resources are not.
	Protobuf bool
	// CBOR is true where objects are served in CBOR: where the server runs with the feature gate CBORServingAndStorage.
	CBOR bool
	// BuiltInRoles is true where the built-in roles view, edit and admin cover the resource, as its ClusterRoles with the labels
	// rbac.authorization.k8s.io/aggregate-to-view and so on say. Nothing is checked where it is false.
	BuiltInRoles bool

	// Status is a field of the status, for a resource with a status subresource, and a value that a new object does not have.
	// Optional: without it, writes to that subresource are not tried.
	Status *Field
	// StatusTakesMetadata is true where the status subresource also writes labels, annotations and finalizers, as that of many
	// built-in resources does. For custom resources, and ours, it is false.
	StatusTakesMetadata bool
	// Scale is the field that the scale subresource writes, and a valid number that the sample does not have. Optional: without it,
	// that subresource is not tried.
	Scale *Field

	// Columns are what kubectl get prints between NAME and AGE. Optional: nil is not known.
	Columns []Column
	// Selectable are the field selectors besides metadata.name and metadata.namespace, each with its value in a new object of the
	// sample.
	Selectable map[string]string

	// Versions are the same resource in its other versions: Change, Other and Status are the same change there, by that version's own
	// names. Optional.
	Versions []Resource
	// Reads is how each version has a new object of the sample, with the defaults of the version that it was created in: all but its
	// type and metadata, in YAML, by the name of the version. Required for this version and for all of Versions where there are any.
	Reads map[string]string
	// Assigned are fields of which each new object gets a value of its own, such as a number that a database counts up, at the same
	// paths in all versions. They must be there, and Reads leaves them out. Optional.
	Assigned [][]string
	// Stored is the version that objects are stored in. Optional.
	Stored string
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

// incomplete says what the description lacks to be tried.
func (r Resource) incomplete() error {
	var lacks []error
	need := func(missing bool, what string) {
		if missing {
			lacks = append(lacks, fmt.Errorf("the description of %s lacks %s", r, what))
		}
	}
	need(r.GVR.Version == "" || r.GVR.Resource == "" || r.Kind == "" || r.Singular == "", "GVR, Kind or Singular")
	need(len(r.Verbs) == 0, "Verbs")
	need(r.Can("create") && r.Sample == "", "a Sample to create")
	need(!r.Can("create") && (r.Can("get") || r.Can("list")) && r.Existing == "", "an Existing object to read")
	need((r.Can("update") || r.Can("patch")) && (len(r.Change.Path) == 0 || r.Change.Value == nil || r.Other == nil), "a Change, or its Other value")
	for _, v := range append(r.Versions[:len(r.Versions):len(r.Versions)], r) {
		need(len(r.Versions) > 0 && r.Reads[v.GVR.Version] == "", "what "+v.GVR.Version+" Reads")
	}
	return errors.Join(lacks...)
}

// GVK names the kind.
func (r Resource) GVK() schema.GroupVersionKind {
	return r.GVR.GroupVersion().WithKind(r.Kind)
}

// String is the resource's name with version and group, as kubectl takes it: reservations.v1.capacity.example.com.
func (r Resource) String() string {
	return r.GVR.Resource + "." + r.GVR.Version + "." + r.GVR.Group
}

// Can says whether the resource claims all of the verbs.
func (r Resource) Can(verbs ...string) bool {
	return containsAll(r.Verbs, verbs)
}

// Has says whether the resource claims the subresource, with all of the verbs.
func (r Resource) Has(subresource string, verbs ...string) bool {
	has, ok := r.Subresources[subresource]
	return ok && containsAll(has, verbs)
}

func containsAll(all, some []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(all, s) })
}
