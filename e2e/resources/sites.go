package resources

import (
	"k8s.io/apimachinery/pkg/runtime/schema"

	"example.com/annex/e2e/conformance"
)

// Site is where all Reservations are that no test has a site of its own for: ams-1.
const Site = `
apiVersion: topology.example.com/v1
kind: Site
metadata: {name: ams-1}
spec: {region: eu-west, capacity: {slots: 100000}}
`

// Sites are sites.topology.example.com: v1 and v1alpha1.
func Sites() []conformance.Resource {
	v1, v1alpha1 := sites("v1"), sites("v1alpha1")

	v1.Sample = `
spec:
  region: eu-west
  coordinates: {latitude: "52.3547", longitude: "4.8339"}
  capacity: {slots: 40, reservedSlots: 5}
`
	slots := []string{"spec", "capacity", "slots"}
	v1.Change = conformance.Field{Path: slots, Value: int64(8)}
	v1.Invalid = append(v1.Invalid,
		conformance.Field{Path: slots, Value: int64(0)},
		conformance.Field{Path: []string{"spec", "capacity", "reservedSlots"}, Value: int64(100)},
		conformance.Field{Path: []string{"spec", "coordinates", "latitude"}, Value: "91"},
	)
	v1.Status = &conformance.Field{Path: []string{"status"}, Value: map[string]any{"observedGeneration": int64(1), "phase": "Online"}}
	v1.Columns = siteColumns("ByPriority")
	v1.Selectable = map[string]string{"spec.region": "eu-west", "status.phase": "Pending"}
	v1.Reads = siteReads("ByPriority")

	v1alpha1.Sample = `spec: {region: eu-west, coordinates: "52.3547,4.8339", slots: 40, reservedSlots: 5}`
	slots = []string{"spec", "slots"}
	v1alpha1.Change = conformance.Field{Path: slots, Value: int64(8)}
	v1alpha1.Invalid = append(v1alpha1.Invalid,
		conformance.Field{Path: slots, Value: int64(0)},
		conformance.Field{Path: []string{"spec", "reservedSlots"}, Value: int64(100)},
		conformance.Field{Path: []string{"spec", "coordinates"}, Value: "91,0"},
	)
	v1alpha1.Status = &conformance.Field{Path: []string{"status"}, Value: map[string]any{"observedGeneration": int64(1), "state": "Online"}}
	v1alpha1.Columns = siteColumns("ByAge")
	v1alpha1.Selectable = map[string]string{"spec.region": "eu-west", "status.state": "Pending"}
	v1alpha1.Reads = siteReads("ByAge")
	return versions(v1, v1alpha1)
}

// sites are what both versions claim.
func sites(version string) conformance.Resource {
	return conformance.Resource{
		GVR:            schema.GroupVersionResource{Group: "topology.example.com", Version: version, Resource: "sites"},
		Kind:           "Site",
		Singular:       "site",
		ShortNames:     []string{"st"},
		Categories:     []string{"annex"},
		Verbs:          stored,
		Subresources:   map[string][]string{"status": part},
		Generation:     true,
		Unconditional:  true,
		StrategicMerge: true,
		Protobuf:       true,
		BuiltInRoles:   true,
		Other:          int64(12),
		Immutable:      &conformance.Field{Path: []string{"spec", "region"}, Value: "us-east"},
		Invalid: []conformance.Field{
			{Path: []string{"spec", "region"}, Value: "Not A Name"},
			{Path: []string{"spec", "allocationPolicy"}, Value: "ByChance"},
		},
	}
}

func siteColumns(policy string) []conformance.Column {
	return []conformance.Column{
		{Heading: "REGION", Value: "eu-west"},
		{Heading: "SLOTS", Value: "40"},
		{Heading: "PHASE", Value: "Pending"},
		{Heading: "RESERVED", Value: "5", Wide: true},
		{Heading: "POLICY", Value: policy, Wide: true},
		{Heading: "COORDINATES", Value: "52.3547,4.8339", Wide: true},
	}
}

// siteReads is how both versions have what is created from either version's sample; each has its own default for the policy.
func siteReads(policy string) map[string]string {
	return map[string]string{
		"v1": `{spec: {region: eu-west, coordinates: {latitude: "52.3547", longitude: "4.8339"}, capacity: {slots: 40, reservedSlots: 5}, allocationPolicy: ` +
			policy + `}, status: {phase: Pending}}`,
		"v1alpha1": `{spec: {region: eu-west, coordinates: "52.3547,4.8339", slots: 40, reservedSlots: 5, allocationPolicy: ` + policy + `}, status: {state: Pending}}`,
	}
}
