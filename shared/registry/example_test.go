package registry_test

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/sample-apiserver/pkg/apis/wardle"

	"example.com/annex/shared/registry"
)

// A resource as a team describes it. Only New, NewList, and where spec and status are, must be given; storage, status
// subresource, discovery, tables and field selectors follow.
func Example() {
	flunders := registry.Standard[*wardle.Flunder, wardle.FlunderSpec, wardle.FlunderStatus]{
		Plural:     "flunders",
		Singular:   "flunder",
		ShortNames: []string{"fl"},
		New:        func() *wardle.Flunder { return &wardle.Flunder{} },
		NewList:    func() runtime.Object { return &wardle.FlunderList{} },
		Strategy: registry.Strategy[*wardle.Flunder, wardle.FlunderSpec, wardle.FlunderStatus]{
			Spec:   func(f *wardle.Flunder) *wardle.FlunderSpec { return &f.Spec },
			Status: func(f *wardle.Flunder) *wardle.FlunderStatus { return &f.Status },
			Validate: func(_ context.Context, f *wardle.Flunder) field.ErrorList {
				if f.Spec.FlunderReference != "" && f.Spec.FischerReference != "" {
					return field.ErrorList{field.Forbidden(field.NewPath("spec", "fischerReference"), "may not be set together with flunderReference")}
				}
				return nil
			},
		},
		Columns: []registry.Column[*wardle.Flunder]{
			{Name: "Type", Value: func(f *wardle.Flunder) any { return string(f.Spec.ReferenceType) }},
		},
		SelectableFields: map[string]func(*wardle.Flunder) string{
			"spec.referenceType": func(f *wardle.Flunder) string { return string(f.Spec.ReferenceType) },
		},
	}
	var resource registry.Resource = flunders // what apiserver.Group.Resources takes

	both := &wardle.Flunder{Spec: wardle.FlunderSpec{FlunderReference: "a", FischerReference: "b"}}
	fmt.Println(resource.Name())
	fmt.Println(flunders.Strategy.Validate(context.Background(), both).ToAggregate())
	// Output:
	// flunders
	// spec.fischerReference: Forbidden: may not be set together with flunderReference
}
