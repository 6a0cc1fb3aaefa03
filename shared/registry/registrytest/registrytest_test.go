package registrytest_test

import (
	"context"
	"testing"

	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/sample-apiserver/pkg/apis/wardle"
	"k8s.io/sample-apiserver/pkg/apis/wardle/install"
	"k8s.io/sample-apiserver/pkg/generated/openapi"

	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/registry"
	"example.com/annex/shared/registry/registrytest"
)

// wardleDefinition is upstream's sample server. The status of its Flunders is empty, so that two strings of the spec stand for
// spec and status.
func wardleDefinition() apiserver.Definition {
	refuse := func(value, path string) field.ErrorList {
		if value != "refused" {
			return nil
		}
		return field.ErrorList{field.Invalid(field.NewPath("spec", path), value, "must not be")}
	}
	return apiserver.Definition{
		Name:    "wardle",
		Install: func(scheme *runtime.Scheme) error { install.Install(scheme); return nil },
		OpenAPI: openapi.GetOpenAPIDefinitions,
		Groups: []apiserver.Group{{
			Name:     wardle.GroupName,
			Versions: []string{"v1beta1", "v1alpha1"},
			Resources: []registry.Resource{registry.Standard[*wardle.Flunder, string, string]{
				Plural:     "flunders",
				Singular:   "flunder",
				ShortNames: []string{"fl"},
				New:        func() *wardle.Flunder { return &wardle.Flunder{} },
				NewList:    func() runtime.Object { return &wardle.FlunderList{} },
				Strategy: registry.Strategy[*wardle.Flunder, string, string]{
					Spec:   func(f *wardle.Flunder) *string { return &f.Spec.FischerReference },
					Status: func(f *wardle.Flunder) *string { return &f.Spec.FlunderReference },
					Validate: func(_ context.Context, f *wardle.Flunder) field.ErrorList {
						return refuse(f.Spec.FischerReference, "fischerReference")
					},
					ValidateStatusUpdate: func(_ context.Context, f, _ *wardle.Flunder) field.ErrorList {
						return refuse(f.Spec.FlunderReference, "flunderReference")
					},
				},
				Columns: []registry.Column[*wardle.Flunder]{
					{Name: "Fischer", Description: "What it refers to.", Value: func(f *wardle.Flunder) any { return f.Spec.FischerReference }},
				},
				SelectableFields: map[string]func(*wardle.Flunder) string{
					"spec.fischerReference": func(f *wardle.Flunder) string { return f.Spec.FischerReference },
				},
			}},
		}},
	}
}

// TestStorage holds upstream's sample types to upstream's tests.
func TestStorage(t *testing.T) {
	t.Parallel()
	refused := []func(*wardle.Flunder){func(f *wardle.Flunder) { f.Spec.FischerReference = "refused" }}
	registrytest.Storage(t, registrytest.Etcd(t), registrytest.Subject[*wardle.Flunder]{
		Definition:      wardleDefinition(),
		Resource:        schema.GroupResource{Group: wardle.GroupName, Resource: "flunders"},
		Valid:           func() *wardle.Flunder { return &wardle.Flunder{Spec: wardle.FlunderSpec{FischerReference: "a"}} },
		Change:          func(f *wardle.Flunder) { f.Spec.FischerReference = "b" },
		Invalid:         refused,
		InvalidChanges:  refused,
		ChangeStatus:    func(f *wardle.Flunder) { f.Spec.FlunderReference = "observed" },
		InvalidStatuses: []func(*wardle.Flunder){func(f *wardle.Flunder) { f.Spec.FlunderReference = "refused" }},
		Selectable:      fields.Set{"spec.fischerReference": "a"},
		Singular:        "flunder",
		ShortNames:      []string{"fl"},
	})
}
