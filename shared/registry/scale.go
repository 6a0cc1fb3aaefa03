package registry

import (
	"context"
	"errors"
	"fmt"
	"strings"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/operation"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/endpoints/request"
	genericregistry "k8s.io/apiserver/pkg/registry/generic/registry"
	"k8s.io/apiserver/pkg/registry/rest"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// Scale says where a resource has the number that it is scaled by. The subresource scale shows it as an autoscaling/v1 Scale,
// to kubectl scale and to HorizontalPodAutoscalers. Its semantics are those of the built-in workloads'
// (k8s.io/kubernetes/pkg/registry/apps/deployment/storage): a write changes the number and nothing else, is validated as a
// write of the resource, and counts as one in metadata.generation and metadata.managedFields.
type Scale[T Object] struct {
	// Path is where the internal type has the number, for example "spec.slots". FieldPaths says where versions have it that
	// have it elsewhere. Required.
	Path string
	// Replicas returns where an object has the number that is asked for: spec.replicas of the Scale. Required.
	Replicas func(T) *int32
	// StatusReplicas returns the number that there is: status.replicas of the Scale. Required.
	StatusReplicas func(T) int32
	// Selector returns what selects the pods that the number is about: status.selector of the Scale. HorizontalPodAutoscalers
	// read the metrics of these pods, and do nothing where it is empty. Optional.
	Selector func(T) *metav1.LabelSelector
}

// scaleKind is what the subresource speaks, in every version of the resource.
var scaleKind = autoscalingv1.SchemeGroupVersion.WithKind("Scale")

// scaleReplicas is where a Scale has the number.
const scaleReplicas = "spec.replicas"

// addScale adds the kind to a scheme. It is its own internal version: nothing needs to be converted.
func addScale(scheme *runtime.Scheme) {
	for _, version := range []string{scaleKind.Version, runtime.APIVersionInternal} {
		scheme.AddKnownTypes(schema.GroupVersion{Group: scaleKind.Group, Version: version}, &autoscalingv1.Scale{})
	}
}

func (s Scale[T]) validate() error {
	if s.Path == "" || s.Replicas == nil || s.StatusReplicas == nil {
		return errors.New("Scale needs Path, Replicas and StatusReplicas")
	}
	return nil
}

// of is the Scale of an object.
func (s Scale[T]) of(o T) (*autoscalingv1.Scale, error) {
	scale := &autoscalingv1.Scale{
		ObjectMeta: metav1.ObjectMeta{
			Name:              o.GetName(),
			Namespace:         o.GetNamespace(),
			UID:               o.GetUID(),
			ResourceVersion:   o.GetResourceVersion(),
			CreationTimestamp: o.GetCreationTimestamp(),
		},
		Spec:   autoscalingv1.ScaleSpec{Replicas: *s.Replicas(o)},
		Status: autoscalingv1.ScaleStatus{Replicas: s.StatusReplicas(o)},
	}
	if s.Selector != nil {
		selector, err := metav1.LabelSelectorAsSelector(s.Selector(o))
		if err != nil {
			return nil, apierrors.NewInternalError(fmt.Errorf("reading the selector of %s: %w", o.GetName(), err))
		}
		scale.Status.Selector = selector.String()
	}
	return scale, nil
}

// scaleStore serves get, update and patch of the scale subresource on the resource's own storage.
type scaleStore[T Object] struct {
	Scale[T]
	rest.TableConvertor
	store *genericregistry.Store
	// parents are the resource's versions, the preferred one first, and paths where each has the number.
	parents []schema.GroupVersion
	paths   managedfields.ResourcePathMappings
}

var (
	_ rest.Patcher                  = &scaleStore[Object]{}
	_ rest.GroupVersionKindProvider = &scaleStore[Object]{}
	_ rest.TableConvertor           = &scaleStore[Object]{}
)

func newScaleStore[T Object, Spec, Status any](scale Scale[T], store *genericregistry.Store, strategy *strategy[T, Spec, Status], kind schema.GroupKind) (*scaleStore[T], error) {
	// The columns are those of the built-in workloads (k8s.io/kubernetes/pkg/printers/internalversion).
	table, err := newTableConvertor([]Column[*autoscalingv1.Scale]{
		{
			Name: "Desired", Type: "integer", Description: autoscalingv1.ScaleSpec{}.SwaggerDoc()["replicas"],
			Value: func(s *autoscalingv1.Scale) any { return int64(s.Spec.Replicas) },
		},
		{
			Name: "Available", Type: "integer", Description: autoscalingv1.ScaleStatus{}.SwaggerDoc()["replicas"],
			Value: func(s *autoscalingv1.Scale) any { return int64(s.Status.Replicas) },
		},
	})
	if err != nil {
		return nil, err
	}
	scaled := *store
	scaled.CreateStrategy = nil
	scaled.UpdateStrategy = scaleStrategy[T, Spec, Status]{strategy, scale.Path}
	s := &scaleStore[T]{
		Scale: scale, TableConvertor: table, store: &scaled,
		parents: strategy.Scheme.VersionsForGroupKind(kind), paths: managedfields.ResourcePathMappings{},
	}
	for _, gv := range s.parents {
		s.paths[gv.String()] = fieldPath(strategy.fieldPaths.in(gv.Version, scale.Path))
	}
	return s, nil
}

// fieldPath is a path of field names as managedFields have it.
func fieldPath(path string) fieldpath.Path {
	var names []any
	for _, name := range strings.Split(path, ".") {
		names = append(names, name)
	}
	return fieldpath.MakePathOrDie(names...)
}

// New returns an empty Scale.
func (s *scaleStore[T]) New() runtime.Object { return &autoscalingv1.Scale{} }

// Destroy does nothing: the storage belongs to the resource, which destroys it.
func (s *scaleStore[T]) Destroy() {}

// GroupVersionKind is autoscaling/v1 Scale in every version of the resource.
func (s *scaleStore[T]) GroupVersionKind(schema.GroupVersion) schema.GroupVersionKind {
	return scaleKind
}

// Get reads the Scale of an object.
func (s *scaleStore[T]) Get(ctx context.Context, name string, options *metav1.GetOptions) (runtime.Object, error) {
	object, err := s.store.Get(ctx, name, options)
	if err != nil {
		return nil, err
	}
	return s.of(object.(T))
}

// Update changes the number of an existing object; it never creates one. Admission sees Scales.
func (s *scaleStore[T]) Update(ctx context.Context, name string, objInfo rest.UpdatedObjectInfo, createValidation rest.ValidateObjectFunc, updateValidation rest.ValidateObjectUpdateFunc, _ bool, options *metav1.UpdateOptions) (runtime.Object, bool, error) {
	object, _, err := s.store.Update(ctx, name, scaleUpdate[T]{objInfo, s},
		func(ctx context.Context, object runtime.Object) error {
			scale, err := s.of(object.(T))
			if err != nil {
				return err
			}
			return createValidation(ctx, scale)
		},
		func(ctx context.Context, object, old runtime.Object) error {
			scale, err := s.of(object.(T))
			if err != nil {
				return err
			}
			oldScale, err := s.of(old.(T))
			if err != nil {
				return err
			}
			return updateValidation(context.WithValue(ctx, scaledKey{}, object), scale, oldScale)
		},
		false, options)
	if err != nil {
		return nil, false, err
	}
	scale, err := s.of(object.(T))
	return scale, false, err
}

type scaledKey struct{}

// ScaledObject is, for an admission plugin that validates an update of a Scale, the object that is scaled, with its new number;
// nil in other requests. It must not be changed.
func ScaledObject(ctx context.Context) runtime.Object {
	object, _ := ctx.Value(scaledKey{}).(runtime.Object)
	return object
}

// parent is the version of the resource that a request is about.
func (s *scaleStore[T]) parent(ctx context.Context) schema.GroupVersion {
	if info, ok := request.RequestInfoFrom(ctx); ok {
		gv := schema.GroupVersion{Group: info.APIGroup, Version: info.APIVersion}
		if _, ok := s.paths[gv.String()]; ok {
			return gv
		}
	}
	return s.parents[0]
}

// scaleUpdate makes of an update of an object's Scale an update of the object.
type scaleUpdate[T Object] struct {
	rest.UpdatedObjectInfo // of the Scale
	*scaleStore[T]
}

// UpdatedObject is the old object with the number of the updated Scale. A Scale that names a uid or a resourceVersion is an
// update of that object alone.
func (u scaleUpdate[T]) UpdatedObject(ctx context.Context, old runtime.Object) (runtime.Object, error) {
	object := old.DeepCopyObject().(T)
	managed := managedfields.NewScaleHandler(object.GetManagedFields(), u.parent(ctx), u.paths)
	oldScale, err := u.of(object)
	if err != nil {
		return nil, err
	}
	if oldScale.ManagedFields, err = managed.ToSubresource(); err != nil {
		return nil, err
	}
	updated, err := u.UpdatedObjectInfo.UpdatedObject(ctx, oldScale)
	if err != nil {
		return nil, err
	}
	scale, ok := updated.(*autoscalingv1.Scale)
	if !ok {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("want a Scale, got a %T", updated))
	}
	if errs := validateScale(scale); len(errs) > 0 {
		return nil, apierrors.NewInvalid(scaleKind.GroupKind(), object.GetName(), errs)
	}
	if scale.UID != "" && scale.UID != object.GetUID() {
		resource := u.store.DefaultQualifiedResource
		resource.Resource += "/scale"
		return nil, apierrors.NewConflict(resource, object.GetName(),
			fmt.Errorf("the Scale has the uid %s, but the object of this name has %s", scale.UID, object.GetUID()))
	}
	*u.Replicas(object) = scale.Spec.Replicas
	object.SetResourceVersion(scale.ResourceVersion) // The store compares it.
	entries, err := managed.ToParent(scale.ManagedFields)
	if err != nil {
		return nil, err
	}
	object.SetManagedFields(entries)
	return object, nil
}

// validateScale checks what is no field of the object, and that the number may be one at all; all else of a Scale is ignored
// (k8s.io/kubernetes/pkg/apis/autoscaling/validation).
func validateScale(scale *autoscalingv1.Scale) field.ErrorList {
	errs := metav1validation.ValidateManagedFields(scale.ManagedFields, field.NewPath("metadata", "managedFields"))
	return append(errs, apivalidation.ValidateNonnegativeField(int64(scale.Spec.Replicas), field.NewPath("spec", "replicas"))...)
}

// scaleStrategy is the strategy of the scale subresource: that of the resource, whose errors are told in the words of a client
// that knows only the Scale.
type scaleStrategy[T Object, Spec, Status any] struct {
	*strategy[T, Spec, Status]
	path string
}

var (
	_ rest.RESTUpdateStrategy            = scaleStrategy[Object, int, int]{}
	_ rest.DeclarativeValidationStrategy = scaleStrategy[Object, int, int]{}
)

// ObjectKinds names what is not valid when something is not.
func (s scaleStrategy[T, Spec, Status]) ObjectKinds(runtime.Object) ([]schema.GroupVersionKind, bool, error) {
	return []schema.GroupVersionKind{scaleKind}, false, nil
}

// ValidateDeclaratively is where all errors come together, those of the other functions too.
func (s scaleStrategy[T, Spec, Status]) ValidateDeclaratively(ctx context.Context, object, old runtime.Object, errs field.ErrorList, op operation.Type, config rest.DeclarativeValidationConfig) field.ErrorList {
	errs = s.strategy.ValidateDeclaratively(ctx, object, old, errs, op, config)
	path := s.path
	if info, ok := request.RequestInfoFrom(ctx); ok {
		path = s.fieldPaths.in(info.APIVersion, path)
	}
	for i, err := range errs {
		if err.Field != path {
			continue
		}
		err.Field = scaleReplicas
		if err.Type == field.ErrorTypeRequired {
			// A tag takes 0 for no number. A Scale always has one.
			errs[i] = field.Invalid(field.NewPath("spec", "replicas"), 0, "must not be 0")
		}
	}
	return errs
}
