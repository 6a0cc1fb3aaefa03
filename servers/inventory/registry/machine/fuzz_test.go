package machine_test

import (
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"example.com/annex/servers/inventory/apis/inventory"
	"example.com/annex/servers/inventory/definition"
	"example.com/annex/shared/registry/registrytest"
)

var machines = schema.GroupResource{Group: inventory.GroupName, Resource: "machines"}

func FuzzV1(f *testing.F) {
	registrytest.FuzzBody(f, definition.New(), machines, "v1",
		`{"apiVersion":"inventory.example.com/v1","kind":"Machine","metadata":{"name":"a","labels":{"b":"c"}},"spec":{"assetTag":"T1","siteCode":"ams1","position":{"rack":"r7","unit":3},"cores":4,"memoryMiB":8192,"lifecycle":"InService","purchasedOn":"2026-01-31","monthlyCost":"120.50","description":"d"},"status":{"number":1,"lastSeenTime":"2026-01-02T03:04:05Z","observedGeneration":1}}`,
		"metadata: {generateName: a-}\nspec: {siteCode: ams1, cores: 4, memoryMiB: 8192}\n")
}

func FuzzV1beta1(f *testing.F) {
	registrytest.FuzzBody(f, definition.New(), machines, "v1beta1",
		`{"apiVersion":"inventory.example.com/v1beta1","kind":"Machine","metadata":{"name":"a","annotations":{"b":"c"}},"spec":{"site":"ams1","rack":"r7","rackUnit":3,"cores":4,"memoryMiB":8192,"state":"Retired"},"status":{"lastSeen":"2026-01-02T03:04:05Z"}}`,
		"metadata: {generateName: a-}\nspec: {site: ams1, cores: 4, memoryMiB: 8192}\n")
}
