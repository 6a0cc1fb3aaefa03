package registry

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/registry/rest"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"example.com/annex/shared/validation"
)

// statusStrategy is the strategy of the status subresource: whatever else the writer sends is put back to what is
// stored, as all new built-in resources do it.
type statusStrategy[T Object, Spec, Status any] struct {
	*strategy[T, Spec, Status]
}

var (
	_ rest.RESTUpdateStrategy  = statusStrategy[Object, int, int]{}
	_ rest.ResetFieldsStrategy = statusStrategy[Object, int, int]{}
)

func (s statusStrategy[T, Spec, Status]) GetResetFields() map[fieldpath.APIVersion]*fieldpath.Set {
	return s.statusResetFields
}

func (s statusStrategy[T, Spec, Status]) PrepareForUpdate(_ context.Context, obj, old runtime.Object) {
	o, previous := obj.(T), old.(T)
	*s.Spec(o) = *s.Spec(previous)
	metav1.ResetObjectMetaForStatus(o, previous)
}

func (s statusStrategy[T, Spec, Status]) ValidateUpdate(ctx context.Context, obj, old runtime.Object) field.ErrorList {
	errs := validation.ValidateTimes(obj)
	if s.ValidateStatusUpdate != nil {
		errs = append(errs, s.ValidateStatusUpdate(ctx, obj.(T), old.(T))...)
	}
	return s.fieldPaths.errors(ctx, errs)
}

func (s statusStrategy[T, Spec, Status]) WarningsOnUpdate(context.Context, runtime.Object, runtime.Object) []string {
	return nil
}
