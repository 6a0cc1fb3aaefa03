package reservation_test

import (
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"example.com/annex/servers/capacity/apis/capacity"
	"example.com/annex/servers/capacity/definition"
	"example.com/annex/shared/registry/registrytest"
)

var reservations = schema.GroupResource{Group: capacity.GroupName, Resource: "reservations"}

func FuzzV1(f *testing.F) {
	registrytest.FuzzBody(f, definition.New(), reservations, "v1",
		`{"apiVersion":"capacity.example.com/v1","kind":"Reservation","metadata":{"name":"a","labels":{"b":"c"}},"spec":{"siteName":"ams-1","slots":4,"priority":"High","selector":{"matchLabels":{"app":"builds"},"matchExpressions":[{"key":"d","operator":"In","values":["e"]}]}},"status":{"observedGeneration":1,"phase":"Bound","boundSlots":4,"conditions":[{"type":"Bound","status":"True","reason":"AllBound","message":"","lastTransitionTime":"2026-01-02T03:04:05Z"}]}}`,
		"metadata: {generateName: a-}\nspec: {siteName: ams-1, slots: 4}\n")
}

func FuzzV1beta1(f *testing.F) {
	registrytest.FuzzBody(f, definition.New(), reservations, "v1beta1",
		`{"apiVersion":"capacity.example.com/v1beta1","kind":"Reservation","metadata":{"name":"a","annotations":{"b":"c"}},"spec":{"siteRef":{"name":"ams-1"},"request":{"slots":4,"priority":2},"selector":{"matchLabels":{"app":"builds"}}},"status":{"observedGeneration":1,"phase":"Bound","heldSlots":4}}`,
		"metadata: {generateName: a-}\nspec: {siteRef: {name: ams-1}, request: {slots: 4}}\n")
}
