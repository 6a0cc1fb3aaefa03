package topology_test

import (
	"fmt"
	"os"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"example.com/annex/e2e/conformance"
	"example.com/annex/e2e/framework"
	"example.com/annex/e2e/resilience"
	"example.com/annex/e2e/security"
	"example.com/annex/e2e/versions"
	"example.com/annex/servers/topology/definition"
)

var testenv *framework.Environment

func TestMain(m *testing.M) {
	var err error
	testenv, err = framework.New(framework.Suite{
		Name:    "topology",
		Servers: []framework.Server{{Definition: definition.New(), Package: "servers/topology"}},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(testenv.Run(m))
}

// sites are what both versions claim.
func sites(version string) conformance.Resource {
	return conformance.Resource{
		GVR:            schema.GroupVersionResource{Group: "topology.example.com", Version: version, Resource: "sites"},
		Kind:           "Site",
		Singular:       "site",
		ShortNames:     []string{"st"},
		Categories:     []string{"annex"},
		Verbs:          []string{"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"},
		Subresources:   map[string][]string{"status": {"get", "patch", "update"}},
		Generation:     true,
		Unconditional:  true,
		StrategicMerge: true,
		BuiltInRoles:   true,
		Immutable:      &conformance.Field{Path: []string{"spec", "region"}, Value: "us-east"},
		Invalid: []conformance.Field{
			{Path: []string{"spec", "region"}, Value: "Not A Name"},
			{Path: []string{"spec", "allocationPolicy"}, Value: "ByChance"},
		},
	}
}

func columns(policy string) []conformance.Column {
	return []conformance.Column{
		{Heading: "REGION", Value: "eu-west"},
		{Heading: "SLOTS", Value: "40"},
		{Heading: "PHASE", Value: "Pending"},
		{Heading: "RESERVED", Value: "5", Wide: true},
		{Heading: "POLICY", Value: policy, Wide: true},
		{Heading: "COORDINATES", Value: "52.3547,4.8339", Wide: true},
	}
}

func sitesV1() conformance.Resource {
	r := sites("v1")
	r.Sample = `
spec:
  region: eu-west
  coordinates: {latitude: "52.3547", longitude: "4.8339"}
  capacity: {slots: 40, reservedSlots: 5}
`
	slots := []string{"spec", "capacity", "slots"}
	r.Change = conformance.Field{Path: slots, Value: int64(8)}
	r.Other = int64(12)
	r.Invalid = append(r.Invalid,
		conformance.Field{Path: slots, Value: int64(0)},
		conformance.Field{Path: []string{"spec", "capacity", "reservedSlots"}, Value: int64(100)},
		conformance.Field{Path: []string{"spec", "coordinates", "latitude"}, Value: "91"},
	)
	r.Status = &conformance.Field{Path: []string{"status", "phase"}, Value: "Online"}
	r.Columns = columns("ByPriority")
	r.Selectable = map[string]string{"spec.region": "eu-west", "status.phase": "Pending"}
	return r
}

func sitesV1alpha1() conformance.Resource {
	r := sites("v1alpha1")
	r.Sample = `spec: {region: eu-west, coordinates: "52.3547,4.8339", slots: 40, reservedSlots: 5}`
	slots := []string{"spec", "slots"}
	r.Change = conformance.Field{Path: slots, Value: int64(8)}
	r.Other = int64(12)
	r.Invalid = append(r.Invalid,
		conformance.Field{Path: slots, Value: int64(0)},
		conformance.Field{Path: []string{"spec", "reservedSlots"}, Value: int64(100)},
		conformance.Field{Path: []string{"spec", "coordinates"}, Value: "91,0"},
	)
	r.Status = &conformance.Field{Path: []string{"status", "state"}, Value: "Online"}
	r.Columns = columns("ByAge")
	r.Selectable = map[string]string{"spec.region": "eu-west", "status.state": "Pending"}
	return r
}

// In both versions, what is created from either version's sample; each has its default.
func inV1(policy string) string {
	return `{region: eu-west, coordinates: {latitude: "52.3547", longitude: "4.8339"}, capacity: {slots: 40, reservedSlots: 5}, allocationPolicy: ` + policy + "}"
}

func inV1alpha1(policy string) string {
	return `{region: eu-west, coordinates: "52.3547,4.8339", slots: 40, reservedSlots: 5, allocationPolicy: ` + policy + "}"
}

func versionV1() versions.Version {
	return versions.Version{
		Resource:    sitesV1(),
		Specs:       map[string]string{"v1": inV1("ByPriority"), "v1alpha1": inV1alpha1("ByPriority")},
		NewStatus:   `phase: Pending`,
		LaterStatus: `{observedGeneration: 1, phase: Online}`,
	}
}

func versionV1alpha1() versions.Version {
	return versions.Version{
		Resource:    sitesV1alpha1(),
		Specs:       map[string]string{"v1": inV1("ByAge"), "v1alpha1": inV1alpha1("ByAge")},
		NewStatus:   `state: Pending`,
		LaterStatus: `{observedGeneration: 1, state: Online}`,
	}
}

// These run alone, before the others: they take the server away, or add what
// all clients see.
func TestAvailable(t *testing.T) {
	for _, r := range []conformance.Resource{sitesV1(), sitesV1alpha1()} {
		testenv.Test(t, resilience.Available("topology", r.GVR.GroupVersion()))
	}
}
func TestRestart(t *testing.T) {
	testenv.Test(t, resilience.Restart("topology", sitesV1(), newInformer))
}

func TestConformance(t *testing.T) {
	t.Parallel()
	conformance.Run(t, testenv, sitesV1(), sitesV1alpha1())
}

func TestVersions(t *testing.T) {
	t.Parallel()
	testenv.Test(t, versions.Feature(versionV1(), versionV1alpha1()))
}

func TestFrontProxy(t *testing.T) {
	t.Parallel()
	testenv.Test(t, security.FrontProxy("topology", sitesV1()))
}
