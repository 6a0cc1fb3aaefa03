package registry

import (
	"errors"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/registry/generic"
	genericregistry "k8s.io/apiserver/pkg/registry/generic/registry"
	"k8s.io/apiserver/pkg/registry/rest"

	"example.com/annex/shared/storage/external"
)

// Standard describes a resource whose objects have metadata, a spec and a status, and are kept in storage. It serves
// every verb that a built-in resource has, the status subresource, and the other subresources that it describes.
//
// T is the pointer type of the internal Go type, for example *capacity.Reservation.
type Standard[T Object, Spec, Status any] struct {
	// Plural is the name in URLs, for example "reservations". Required.
	Plural string
	// Singular is the name that kubectl accepts for one object, for example "reservation". Required.
	Singular string
	// ShortNames are abbreviations for kubectl. Optional.
	ShortNames []string
	// Categories are groups of resources such as "all" that kubectl get lists together. Optional.
	Categories []string
	// New returns an empty internal object. Required.
	New func() T
	// NewList returns an empty internal list. Required.
	NewList func() runtime.Object
	// Strategy says how objects are prepared and validated. Its Spec and Status fields are required.
	Strategy Strategy[T, Spec, Status]
	// Columns are what kubectl get prints after the name; the age comes last by itself. Optional.
	Columns []Column[T]
	// SelectableFields are field selectors besides metadata.name and metadata.namespace: the path in the internal type,
	// and its value in an object. Optional.
	SelectableFields map[string]func(T) string
	// FieldPaths are where versions have their fields, for those that have them elsewhere than the internal type. Field
	// selectors, and errors of the strategy's functions, name fields as the version of the request does. Optional.
	FieldPaths FieldPaths
	// Scale describes the scale subresource. Optional: without it there is none. The versioned types need the tag
	// +k8s:supportsSubresource="/scale".
	Scale *Scale[T]
	// Log describes the log subresource. Optional: without it there is none.
	Log *Log[T]
	// Table says that the objects are rows of a table that another program owns, and which column is which field. Optional: without
	// it they are kept in storage of the server's own.
	Table *external.Mapping
}

var (
	_ Stored       = Standard[Object, int, int]{}
	_ Subresourced = Standard[Object, int, int]{}
	_ Tabled       = Standard[Object, int, int]{}
	_ SchemeAdder  = Standard[Object, int, int]{}
)

// Name is the plural name.
func (s Standard[T, Spec, Status]) Name() string { return s.Plural }

// Access is that of the built-in workloads: who may edit may do everything with the objects.
func (s Standard[T, Spec, Status]) Access() Access { return accessTo(&resourceStore{}) }

// Stored says that the objects are kept in storage.
func (s Standard[T, Spec, Status]) Stored() {}

// Mapping is the Table.
func (s Standard[T, Spec, Status]) Mapping() *external.Mapping { return s.Table }

// FieldPath is where a version has the field at a path of the internal type.
func (s Standard[T, Spec, Status]) FieldPath(version, path string) string {
	return s.FieldPaths.in(version, path)
}

// Subresources are status, and scale and log where they are described.
func (s Standard[T, Spec, Status]) Subresources() []Subresource {
	// Who may do what is as with the built-in workloads: only controllers write the status.
	subresources := []Subresource{{Name: "status", View: []string{"get"}}}
	if s.Scale != nil {
		subresources = append(subresources, Subresource{Name: "scale", View: []string{"get"}, Edit: []string{"update", "patch"}})
	}
	if s.Log != nil {
		subresources = append(subresources, Subresource{Name: logName, View: []string{"get"}, LongRunning: true})
	}
	return subresources
}

// AddToScheme adds the kinds of the subresources.
func (s Standard[T, Spec, Status]) AddToScheme(scheme *runtime.Scheme) error {
	if s.Scale != nil {
		addScale(scheme)
	}
	return nil
}

// Storage builds the stores of the resource ("") and of its subresources ("status", and those that are described).
func (s Standard[T, Spec, Status]) Storage(o Options) (map[string]rest.Storage, error) {
	if err := s.validate(); err != nil {
		return nil, fmt.Errorf("resource %q of group %q is not described completely: %w", s.Plural, o.Group, err)
	}
	resource := schema.GroupResource{Group: o.Group, Resource: s.Plural}
	gvks, _, err := o.Scheme.ObjectKinds(s.New())
	if err != nil {
		return nil, fmt.Errorf("resource %s: looking up the kind of %T in the scheme: %w; does the group's Install add it?", resource, s.New(), err)
	}
	kind := gvks[0].GroupKind()
	selection := s.selection()
	if err := selection.addTo(o.Scheme, kind); err != nil {
		return nil, fmt.Errorf("resource %s: %w", resource, err)
	}
	strategy := newStrategy(s.Strategy, s.FieldPaths, o.Scheme, kind)
	table, err := newTableConvertor(s.Columns)
	if err != nil {
		return nil, fmt.Errorf("resource %s: %w", resource, err)
	}
	store := &genericregistry.Store{
		NewFunc:                   func() runtime.Object { return s.New() },
		NewListFunc:               s.NewList,
		DefaultQualifiedResource:  resource,
		SingularQualifiedResource: schema.GroupResource{Group: o.Group, Resource: s.Singular},
		CreateStrategy:            strategy,
		UpdateStrategy:            strategy,
		DeleteStrategy:            strategy,
		ResetFieldsStrategy:       strategy,
		TableConvertor:            table,
	}
	options, err := o.RESTOptionsGetter.GetRESTOptions(resource, s.New())
	if err != nil {
		return nil, fmt.Errorf("resource %s: %w", resource, err)
	}
	if err := store.CompleteWithOptions(&generic.StoreOptions{RESTOptions: options, AttrFunc: selection.attributes}); err != nil {
		return nil, fmt.Errorf("resource %s: setting up its storage at %s: %w", resource, strings.Join(options.StorageConfig.Transport.ServerList, ", "), err)
	}
	storage := map[string]rest.Storage{
		"":       &resourceStore{Store: store, shortNames: s.ShortNames, categories: s.Categories, tries: s.Table != nil},
		"status": newStatusStore(store, statusStrategy[T, Spec, Status]{strategy}, s.Table != nil),
	}
	if s.Scale != nil {
		if storage["scale"], err = newScaleStore(*s.Scale, store, strategy, kind); err != nil {
			return nil, fmt.Errorf("resource %s: %w", resource, err)
		}
	}
	if s.Log != nil {
		if storage[logName], err = newLogStore(*s.Log, store, o.Scheme); err != nil {
			return nil, fmt.Errorf("resource %s: %w", resource, err)
		}
	}
	return storage, nil
}

func (s Standard[T, Spec, Status]) selection() selection[T] {
	return selection[T]{s.Plural, s.Strategy.ClusterScoped, s.SelectableFields, s.FieldPaths}
}

func (s Standard[T, Spec, Status]) validate() error {
	var errs []error
	for field, missing := range map[string]bool{
		"Plural":          s.Plural == "",
		"Singular":        s.Singular == "",
		"New":             s.New == nil,
		"NewList":         s.NewList == nil,
		"Strategy.Spec":   s.Strategy.Spec == nil,
		"Strategy.Status": s.Strategy.Status == nil,
	} {
		if missing {
			errs = append(errs, fmt.Errorf("%s is not set", field))
		}
	}
	if s.Scale != nil {
		errs = append(errs, s.Scale.validate())
	}
	if s.Log != nil {
		errs = append(errs, s.Log.validate())
	}
	return errors.Join(errs...)
}
