package apiserver_test

import (
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/sample-apiserver/pkg/apis/wardle"
	"k8s.io/sample-apiserver/pkg/apis/wardle/install"
	"k8s.io/sample-apiserver/pkg/generated/openapi"

	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/registry"
)

// wardleDefinition is upstream's sample server, described for this package.
func wardleDefinition() apiserver.Definition {
	return apiserver.Definition{
		Name:        "wardle",
		Description: "Upstream's sample.",
		Install:     func(scheme *runtime.Scheme) error { install.Install(scheme); return nil },
		OpenAPI:     openapi.GetOpenAPIDefinitions,
		Groups: []apiserver.Group{{
			Name:     wardle.GroupName,
			Versions: []string{"v1beta1", "v1alpha1"},
			Resources: []registry.Resource{registry.Standard[*wardle.Flunder, wardle.FlunderSpec, wardle.FlunderStatus]{
				Plural:   "flunders",
				Singular: "flunder",
				New:      func() *wardle.Flunder { return &wardle.Flunder{} },
				NewList:  func() runtime.Object { return &wardle.FlunderList{} },
				Strategy: registry.Strategy[*wardle.Flunder, wardle.FlunderSpec, wardle.FlunderStatus]{
					Spec:   func(f *wardle.Flunder) *wardle.FlunderSpec { return &f.Spec },
					Status: func(f *wardle.Flunder) *wardle.FlunderStatus { return &f.Status },
				},
			}},
		}},
	}
}
