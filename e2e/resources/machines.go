package resources

import (
	"k8s.io/apimachinery/pkg/runtime/schema"

	"example.com/annex/e2e/conformance"
)

// Machines are machines.inventory.example.com: v1 and v1beta1.
func Machines() []conformance.Resource {
	v1, v1beta1 := machines("v1"), machines("v1beta1")

	v1.Sample = `spec: {siteCode: ams1, cores: 4, memoryMiB: 8192}`
	v1.Invalid = append(v1.Invalid,
		conformance.Field{Path: []string{"spec", "siteCode"}, Value: "mars"}, // Only the database knows.
		conformance.Field{Path: []string{"spec", "lifecycle"}, Value: "Broken"},
		conformance.Field{Path: []string{"spec", "position", "unit"}, Value: int64(49)},
	)
	v1.Columns = machineColumns("InService")
	v1.Selectable = map[string]string{"spec.siteCode": "ams1", "spec.lifecycle": "InService"}
	v1.Reads = machineReads("InService")

	v1beta1.Sample = `spec: {site: ams1, cores: 4, memoryMiB: 8192}`
	v1beta1.Invalid = append(v1beta1.Invalid,
		conformance.Field{Path: []string{"spec", "site"}, Value: "mars"},
		conformance.Field{Path: []string{"spec", "state"}, Value: "Broken"},
		conformance.Field{Path: []string{"spec", "rackUnit"}, Value: int64(49)},
	)
	v1beta1.Columns = machineColumns("Ordered")
	v1beta1.Selectable = map[string]string{"spec.site": "ams1", "spec.state": "Ordered"}
	v1beta1.Reads = machineReads("Ordered")
	return versions(v1, v1beta1)
}

// machines are what both versions claim. Other than resources of storage of a server's own, their names are as long as the
// column, and the database gives each a number.
func machines(version string) conformance.Resource {
	return conformance.Resource{
		GVR:            schema.GroupVersionResource{Group: "inventory.example.com", Version: version, Resource: "machines"},
		Kind:           "Machine",
		Singular:       "machine",
		ShortNames:     []string{"ma"},
		Categories:     []string{"annex"},
		Namespaced:     true,
		Verbs:          stored,
		Subresources:   map[string][]string{"status": part},
		MaxName:        63,
		Assigned:       [][]string{{"status", "number"}},
		Generation:     true,
		Unconditional:  true,
		StrategicMerge: true,
		Protobuf:       true,
		BuiltInRoles:   true,
		Change:         conformance.Field{Path: []string{"spec", "cores"}, Value: int64(8)},
		Other:          int64(12),
		Invalid: []conformance.Field{
			{Path: []string{"spec", "cores"}, Value: int64(0)},
			{Path: []string{"spec", "purchasedOn"}, Value: "soon"},
			{Path: []string{"spec", "monthlyCost"}, Value: "much"},
		},
		Status: &conformance.Field{Path: []string{"status", "observedGeneration"}, Value: int64(1)},
	}
}

func machineColumns(lifecycle string) []conformance.Column {
	return []conformance.Column{
		{Heading: "SITE", Value: "ams1"},
		{Heading: "CORES", Value: "4"},
		{Heading: "LIFECYCLE", Value: lifecycle},
		{Heading: "SEEN", Value: "<never>"},
		{Heading: "MEMORY", Value: "8192", Wide: true},
		{Heading: "RACK", Value: "", Wide: true},
		{Heading: "ASSET", Value: "", Wide: true},
	}
}

// machineReads is how both versions have what is created from either version's sample; each has its own default.
func machineReads(lifecycle string) map[string]string {
	return map[string]string{
		"v1":      `{spec: {siteCode: ams1, position: {}, cores: 4, memoryMiB: 8192, lifecycle: ` + lifecycle + `}, status: {}}`,
		"v1beta1": `{spec: {site: ams1, cores: 4, memoryMiB: 8192, state: ` + lifecycle + `}, status: {}}`,
	}
}
