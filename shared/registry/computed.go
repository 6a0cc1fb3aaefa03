package registry

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metainternalversion "k8s.io/apimachinery/pkg/apis/meta/internalversion"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/registry/rest"
)

// Computed describes a resource whose objects are kept nowhere: they are made when somebody asks for them. It serves get and
// list, and nothing that needs a history: no watch, which a client would have to rely on to see every change.
//
// Objects and lists have no resourceVersion: there is none to which the server could get back. Requests that ask for a certain
// one, or for one that is not older, are refused; so are those with a continue token, as no list has a next part. limit is
// ignored, as servers may: an answer without a continue token is all there is (metav1.ListOptions).
//
// T is the pointer type of the internal Go type, for example *insight.SiteUsage.
type Computed[T Object] struct {
	// Plural is the name in URLs, for example "siteusages". Required.
	Plural string
	// Singular is the name that kubectl accepts for one object, for example "siteusage". Required.
	Singular string
	// ShortNames are abbreviations for kubectl. Optional.
	ShortNames []string
	// Categories are groups of resources such as "all" that kubectl get lists together. Optional.
	Categories []string
	// ClusterScoped is true for objects that live outside namespaces.
	ClusterScoped bool
	// New returns an empty internal object. Required.
	New func() T
	// NewList returns an empty internal list. Required.
	NewList func() runtime.Object
	// Sources are the resources of other API servers that objects are computed from. The server's ServiceAccount gets the
	// right to list and watch them. Optional.
	Sources []schema.GroupResource
	// Compute makes what computes the objects, once for each server. Required.
	Compute func(Options) (Computation[T], error)
	// Columns are what kubectl get prints after the name; the age comes last by itself. Optional.
	Columns []Column[T]
	// SelectableFields are field selectors besides metadata.name and metadata.namespace: the path in the internal type,
	// and its value in an object. Optional.
	SelectableFields map[string]func(T) string
	// FieldPaths are where versions have their fields, for those that have them elsewhere than the internal type. Optional.
	FieldPaths FieldPaths
}

// Computation computes objects. The context has the namespace, for those who live in one (request.NamespaceFrom), which is
// empty for a list of all. Errors are API errors: apierrors.NewNotFound for an object that there is not, and
// apierrors.NewServiceUnavailable, as of reflector.InStep, where it can't be known now. Both must answer within seconds.
type Computation[T Object] interface {
	// Get computes one object.
	Get(ctx context.Context, name string) (T, error)
	// List computes all objects, in a slice of its own and any order. They are selected and sorted afterwards.
	List(ctx context.Context) ([]T, error)
}

var _ Reader = Computed[Object]{}

// Name is the plural name.
func (c Computed[T]) Name() string { return c.Plural }

// Access is get and list, for those who may view.
func (c Computed[T]) Access() Access { return accessTo(&computedStore[T]{}) }

// Reads are the Sources.
func (c Computed[T]) Reads() []schema.GroupResource { return c.Sources }

// Storage builds the handlers of the resource.
func (c Computed[T]) Storage(o Options) (map[string]rest.Storage, error) {
	resource := schema.GroupResource{Group: o.Group, Resource: c.Plural}
	if c.Plural == "" || c.Singular == "" || c.New == nil || c.NewList == nil || c.Compute == nil {
		return nil, fmt.Errorf("resource %q of group %q is not described completely: it needs Plural, Singular, New, NewList and Compute", c.Plural, o.Group)
	}
	gvks, _, err := o.Scheme.ObjectKinds(c.New())
	if err != nil {
		return nil, fmt.Errorf("resource %s: looking up the kind of %T in the scheme: %w; does the group's Install add it?", resource, c.New(), err)
	}
	selection := selection[T]{c.Plural, c.ClusterScoped, c.SelectableFields, c.FieldPaths}
	if err := selection.addTo(o.Scheme, gvks[0].GroupKind()); err != nil {
		return nil, fmt.Errorf("resource %s: %w", resource, err)
	}
	table, err := newTableConvertor(c.Columns)
	if err != nil {
		return nil, fmt.Errorf("resource %s: %w", resource, err)
	}
	computation, err := c.Compute(o)
	if err != nil {
		return nil, fmt.Errorf("resource %s: preparing to compute it: %w", resource, err)
	}
	return map[string]rest.Storage{"": &computedStore[T]{
		TableConvertor: table, Computed: c, resource: resource, selection: selection, computation: computation,
	}}, nil
}

// computedStore serves get and list.
type computedStore[T Object] struct {
	rest.TableConvertor
	Computed    Computed[T]
	resource    schema.GroupResource
	selection   selection[T]
	computation Computation[T]
}

var (
	_ rest.Getter               = &computedStore[Object]{}
	_ rest.Lister               = &computedStore[Object]{}
	_ rest.Scoper               = &computedStore[Object]{}
	_ rest.SingularNameProvider = &computedStore[Object]{}
	_ rest.ShortNamesProvider   = &computedStore[Object]{}
	_ rest.CategoriesProvider   = &computedStore[Object]{}
)

// New returns an empty object.
func (s *computedStore[T]) New() runtime.Object { return s.Computed.New() }

// NewList returns an empty list.
func (s *computedStore[T]) NewList() runtime.Object { return s.Computed.NewList() }

// Destroy does nothing: there is nothing to keep.
func (s *computedStore[T]) Destroy() {}

// NamespaceScoped says where the objects live.
func (s *computedStore[T]) NamespaceScoped() bool { return !s.Computed.ClusterScoped }

// GetSingularName is the singular name shown in discovery.
func (s *computedStore[T]) GetSingularName() string { return s.Computed.Singular }

// ShortNames are the abbreviations shown in discovery.
func (s *computedStore[T]) ShortNames() []string { return s.Computed.ShortNames }

// Categories are the categories shown in discovery.
func (s *computedStore[T]) Categories() []string { return s.Computed.Categories }

// Get computes an object.
func (s *computedStore[T]) Get(ctx context.Context, name string, options *metav1.GetOptions) (runtime.Object, error) {
	if options != nil {
		if err := s.mustBeNow(options.ResourceVersion); err != nil {
			return nil, err
		}
	}
	object, err := s.computation.Get(ctx, name)
	if err != nil {
		return nil, err // Not the object, which is not nil when it is a nil pointer.
	}
	return object, nil
}

// List computes all objects, and returns those that are selected, by namespace and name.
func (s *computedStore[T]) List(ctx context.Context, options *metainternalversion.ListOptions) (runtime.Object, error) {
	label, field := labels.Everything(), fields.Everything()
	if options != nil {
		if options.Continue != "" {
			return nil, apierrors.NewBadRequest(fmt.Sprintf("continue: lists of %s have no next part: leave it out", s.resource))
		}
		if err := s.mustBeNow(options.ResourceVersion); err != nil {
			return nil, err
		}
		if options.LabelSelector != nil {
			label = options.LabelSelector
		}
		if options.FieldSelector != nil {
			field = options.FieldSelector
		}
	}
	all, err := s.computation.List(ctx)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b T) int {
		return cmp.Or(cmp.Compare(a.GetNamespace(), b.GetNamespace()), cmp.Compare(a.GetName(), b.GetName()))
	})
	var selected []runtime.Object
	for _, object := range all {
		l, f, err := s.selection.attributes(object)
		if err != nil {
			return nil, err
		}
		if label.Matches(l) && field.Matches(f) {
			selected = append(selected, object)
		}
	}
	list := s.NewList()
	if err := meta.SetList(list, selected); err != nil {
		return nil, fmt.Errorf("listing %s: %w", s.resource, err)
	}
	return list, nil
}

// mustBeNow refuses a resourceVersion that asks for more than what is computed now. 0 asks for any.
func (s *computedStore[T]) mustBeNow(resourceVersion string) error {
	if resourceVersion == "" || resourceVersion == "0" {
		return nil
	}
	return apierrors.NewBadRequest(fmt.Sprintf("resourceVersion: %s are computed and have none: leave it out", s.resource))
}
