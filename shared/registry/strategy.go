package registry

import (
	"context"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/apiserver/pkg/storage/names"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"example.com/annex/shared/validation"
)

// Strategy is what is particular to one resource when its objects are written. Everything else follows the API
// conventions: a create clears the status and starts metadata.generation at 1; an update of the resource keeps the
// status and counts the generation up when the spec changed; an update of the status subresource changes only the
// status; declarative validation of the requested version runs with the functions below.
type Strategy[T Object, Spec, Status any] struct {
	// ClusterScoped is true for objects that live outside namespaces.
	ClusterScoped bool
	// Spec returns where an object's spec is. Required.
	Spec func(T) *Spec
	// Status returns where an object's status is. Required.
	Status func(T) *Status
	// PrepareForCreate fills in what the server decides about a new object, after its status was cleared. Optional.
	PrepareForCreate func(context.Context, T)
	// Validate checks a whole object, on create and on update, but not on an update of the status. Declarative
	// validation covers what tags can say; this is for the rest. Optional.
	Validate func(context.Context, T) field.ErrorList
	// ValidateUpdate checks the step from old to new, besides Validate. Optional.
	ValidateUpdate func(ctx context.Context, obj, old T) field.ErrorList
	// ValidateStatusUpdate checks an update of the status subresource. Optional.
	ValidateStatusUpdate func(ctx context.Context, obj, old T) field.ErrorList
	// Warnings tells the writer of the resource about things that are accepted but that he should change; old is
	// the zero value on create. At most 120 characters each, as rest.RESTCreateStrategy asks. Optional.
	Warnings func(ctx context.Context, obj, old T) []string
}

// strategy implements upstream's strategy interfaces on a Strategy.
type strategy[T Object, Spec, Status any] struct {
	rest.DeclarativeValidation
	names.NameGenerator
	Strategy[T, Spec, Status]
	fieldPaths                     FieldPaths
	resetFields, statusResetFields map[fieldpath.APIVersion]*fieldpath.Set
}

var (
	_ rest.RESTCreateStrategy            = &strategy[Object, int, int]{}
	_ rest.RESTUpdateStrategy            = &strategy[Object, int, int]{}
	_ rest.RESTDeleteStrategy            = &strategy[Object, int, int]{}
	_ rest.ResetFieldsStrategy           = &strategy[Object, int, int]{}
	_ rest.DeclarativeValidationStrategy = &strategy[Object, int, int]{}
)

func newStrategy[T Object, Spec, Status any](s Strategy[T, Spec, Status], paths FieldPaths, scheme *runtime.Scheme, kind schema.GroupKind) *strategy[T, Spec, Status] {
	reset := map[fieldpath.APIVersion]*fieldpath.Set{}
	statusReset := map[fieldpath.APIVersion]*fieldpath.Set{}
	for _, gv := range scheme.VersionsForGroupKind(kind) {
		version := fieldpath.APIVersion(gv.String())
		reset[version] = fieldpath.NewSet(fieldpath.MakePathOrDie("status"))
		statusReset[version] = fieldpath.NewSet(fieldpath.MakePathOrDie("metadata"), fieldpath.MakePathOrDie("spec"))
	}
	return &strategy[T, Spec, Status]{
		DeclarativeValidation: rest.DeclarativeValidation{Scheme: scheme},
		NameGenerator:         names.SimpleNameGenerator,
		Strategy:              s,
		fieldPaths:            paths,
		resetFields:           reset,
		statusResetFields:     statusReset,
	}
}

func (s *strategy[T, Spec, Status]) NamespaceScoped() bool { return !s.ClusterScoped }

// AllowCreateOnUpdate is false, as for nearly all built-in resources: PUT of an unknown name is a 404.
func (s *strategy[T, Spec, Status]) AllowCreateOnUpdate(context.Context) bool { return false }

// AllowUnconditionalUpdate is true, as for built-in resources: a PUT without resourceVersion overwrites.
func (s *strategy[T, Spec, Status]) AllowUnconditionalUpdate(context.Context) bool { return true }

func (s *strategy[T, Spec, Status]) Canonicalize(runtime.Object) {}

func (s *strategy[T, Spec, Status]) GetResetFields() map[fieldpath.APIVersion]*fieldpath.Set {
	return s.resetFields
}

func (s *strategy[T, Spec, Status]) PrepareForCreate(ctx context.Context, obj runtime.Object) {
	o := obj.(T)
	var status Status
	*s.Status(o) = status
	o.SetGeneration(1)
	if s.Strategy.PrepareForCreate != nil {
		s.Strategy.PrepareForCreate(ctx, o)
	}
}

func (s *strategy[T, Spec, Status]) PrepareForUpdate(_ context.Context, obj, old runtime.Object) {
	o, previous := obj.(T), old.(T)
	*s.Status(o) = *s.Status(previous)
	o.SetGeneration(previous.GetGeneration())
	if !apiequality.Semantic.DeepEqual(s.Spec(o), s.Spec(previous)) {
		o.SetGeneration(previous.GetGeneration() + 1)
	}
}

func (s *strategy[T, Spec, Status]) Validate(ctx context.Context, obj runtime.Object) field.ErrorList {
	return s.validate(ctx, obj.(T), nil)
}

// validate checks a whole object, whose finalizers were the old ones before.
func (s *strategy[T, Spec, Status]) validate(ctx context.Context, o T, finalizers []string) field.ErrorList {
	errs := validation.ValidateFinalizers(o.GetFinalizers(), finalizers, field.NewPath("metadata", "finalizers"))
	errs = append(errs, s.fieldPaths.errors(ctx, validation.ValidateTimes(o))...)
	if s.Strategy.Validate != nil {
		errs = append(errs, s.fieldPaths.errors(ctx, s.Strategy.Validate(ctx, o))...)
	}
	return errs
}

func (s *strategy[T, Spec, Status]) ValidateUpdate(ctx context.Context, obj, old runtime.Object) field.ErrorList {
	o, previous := obj.(T), old.(T)
	errs := s.validate(ctx, o, previous.GetFinalizers())
	if s.Strategy.ValidateUpdate != nil {
		errs = append(errs, s.fieldPaths.errors(ctx, s.Strategy.ValidateUpdate(ctx, o, previous))...)
	}
	return errs
}

func (s *strategy[T, Spec, Status]) WarningsOnCreate(ctx context.Context, obj runtime.Object) []string {
	if s.Warnings == nil {
		return nil
	}
	var none T
	return s.Warnings(ctx, obj.(T), none)
}

func (s *strategy[T, Spec, Status]) WarningsOnUpdate(ctx context.Context, obj, old runtime.Object) []string {
	if s.Warnings == nil {
		return nil
	}
	return s.Warnings(ctx, obj.(T), old.(T))
}
