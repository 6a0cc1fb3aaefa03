package apitest

import (
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/api/operation"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
)

// Write is a write of an object.
type Write struct {
	// GroupVersion is the version that the client speaks.
	GroupVersion schema.GroupVersion
	// Subresource is "" for the resource itself.
	Subresource string
	// Object is the internal object that is written.
	Object runtime.Object
	// Old is the internal object before, nil when Object is created.
	Old runtime.Object
}

// Validate adds the errors of the version's tags (declarative validation) to those of the group's own functions, as the
// server does. It returns of each the field and the kind of error: "spec.slots: Invalid value".
func Validate(t *testing.T, scheme *runtime.Scheme, w Write, errs field.ErrorList) []string {
	t.Helper()
	op := operation.Update
	if w.Old == nil {
		op = operation.Create
	}
	ctx := request.WithRequestInfo(t.Context(), &request.RequestInfo{
		APIGroup: w.GroupVersion.Group, APIVersion: w.GroupVersion.Version, Subresource: w.Subresource,
	})
	errs = rest.DeclarativeValidation{Scheme: scheme}.ValidateDeclaratively(ctx, w.Object, w.Old, errs, op, rest.DeclarativeValidationConfig{})
	var got []string
	for _, err := range errs {
		got = append(got, fmt.Sprintf("%s: %s", err.Field, err.Type))
	}
	return got
}
