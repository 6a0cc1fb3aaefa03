package site_test

import (
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"example.com/annex/servers/topology/apis/topology"
	"example.com/annex/servers/topology/definition"
	"example.com/annex/shared/registry/registrytest"
)

var sites = schema.GroupResource{Group: topology.GroupName, Resource: "sites"}

func FuzzV1(f *testing.F) {
	registrytest.FuzzBody(f, definition.New(), sites, "v1",
		`{"apiVersion":"topology.example.com/v1","kind":"Site","metadata":{"name":"a","labels":{"b":"c"}},"spec":{"region":"eu-west","coordinates":{"latitude":"52.3547","longitude":"-4.80"},"capacity":{"slots":40,"reservedSlots":5},"allocationPolicy":"ByAge"},"status":{"observedGeneration":1,"phase":"Online","conditions":[{"type":"Ready","status":"True","reason":"Up","message":"","lastTransitionTime":"2026-01-02T03:04:05Z"}]}}`,
		"metadata: {generateName: a-}\nspec: {region: eu-west, capacity: {slots: 40}}\n")
}

func FuzzV1alpha1(f *testing.F) {
	registrytest.FuzzBody(f, definition.New(), sites, "v1alpha1",
		`{"apiVersion":"topology.example.com/v1alpha1","kind":"Site","metadata":{"name":"a","annotations":{"b":"c"}},"spec":{"region":"eu-west","coordinates":"52.3547,-4.80","slots":40,"reservedSlots":5,"allocationPolicy":"ByPriority"},"status":{"observedGeneration":1,"state":"Online"}}`,
		"metadata: {generateName: a-}\nspec: {region: eu-west, slots: 40}\n")
}
