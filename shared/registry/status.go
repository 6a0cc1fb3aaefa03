package registry

import (
	"context"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/registry/rest"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// statusStrategy is the strategy of the status subresource: whatever else the writer sends is put back to what is
// stored, as custom resources do it (k8s.io/apiextensions-apiserver/pkg/registry/customresource).
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
	o.SetGeneration(previous.GetGeneration())
	o.SetLabels(previous.GetLabels())
	o.SetAnnotations(previous.GetAnnotations())
	o.SetFinalizers(previous.GetFinalizers())
	o.SetOwnerReferences(previous.GetOwnerReferences())
}

func (s statusStrategy[T, Spec, Status]) ValidateUpdate(ctx context.Context, obj, old runtime.Object) field.ErrorList {
	if s.ValidateStatusUpdate == nil {
		return nil
	}
	return s.ValidateStatusUpdate(ctx, obj.(T), old.(T))
}

func (s statusStrategy[T, Spec, Status]) WarningsOnUpdate(context.Context, runtime.Object, runtime.Object) []string {
	return nil
}
