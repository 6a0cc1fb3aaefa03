package cbor_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/features"
	featurestesting "k8s.io/client-go/features/testing"

	"example.com/annex/e2e/conformance"
	"example.com/annex/e2e/framework"
	"example.com/annex/servers/topology/definition"
)

const gate = "--feature-gates=CBORServingAndStorage=true"

var testenv *framework.Environment

func TestMain(m *testing.M) {
	var err error
	testenv, err = framework.New(framework.Suite{
		Name:              "cbor",
		Servers:           []framework.Server{{Definition: definition.New(), Package: "servers/topology", Args: []string{gate}}},
		KubeAPIServerArgs: []string{gate},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(testenv.Run(m))
}

// sites are what the suite of the server claims of them, as far as the features here ask, and CBOR.
var sites = conformance.Resource{
	GVR:      schema.GroupVersionResource{Group: "topology.example.com", Version: "v1", Resource: "sites"},
	Kind:     "Site",
	Singular: "site",
	Sample: `
spec:
  region: eu-west
  coordinates: {latitude: "52.3547", longitude: "4.8339"}
  capacity: {slots: 40, reservedSlots: 5}
`,
	Change:    conformance.Field{Path: []string{"spec", "capacity", "slots"}, Value: int64(8)},
	Other:     int64(12),
	Immutable: &conformance.Field{Path: []string{"spec", "region"}, Value: "us-east"},
	Invalid:   []conformance.Field{{Path: []string{"spec", "capacity", "slots"}, Value: int64(0)}},
	Status:    &conformance.Field{Path: []string{"status", "phase"}, Value: "Online"},
	Protobuf:  true,
	CBOR:      true,
}

// ingresses are built in: what they don't do would be asked in vain of ours.
var ingresses = conformance.Resource{
	GVR:        schema.GroupVersionResource{Group: "networking.k8s.io", Version: "v1", Resource: "ingresses"},
	Kind:       "Ingress",
	Singular:   "ingress",
	Namespaced: true,
	Sample:     `spec: {defaultBackend: {service: {name: backend, port: {number: 80}}}}`,
	Protobuf:   true,
	CBOR:       true,
}

// clients are what client-go is told, and the features that its dynamic client shows then.
var clients = []struct {
	name     string
	gates    []features.Feature
	features []string
}{
	{"clients that read CBOR", []features.Feature{features.ClientsAllowCBOR}, []string{"Encodings", "Objects", "Watch"}},
	// Discovery clients of client-go v0.37.2 ask for CBOR then, and don't understand it: not all features get on without.
	{"clients that write CBOR", []features.Feature{features.ClientsAllowCBOR, features.ClientsPreferCBOR}, []string{"Patches", "Status", "Apply"}},
}

// TestCBOR changes gates of the whole process: one after the other.
func TestCBOR(t *testing.T) {
	all := conformance.All(sites)
	for _, c := range clients {
		t.Run(c.name, func(t *testing.T) {
			for _, gate := range c.gates {
				featurestesting.SetFeatureDuringTest(t, gate, true)
			}
			for _, name := range c.features {
				feature, ok := all[name]
				if !ok {
					t.Fatalf("no feature %s among %v", name, slices.Sorted(maps.Keys(all)))
				}
				t.Run(name, func(t *testing.T) { t.Parallel(); testenv.Test(t, feature) })
			}
		})
	}
}

func TestBuiltIn(t *testing.T) {
	testenv.Test(t, conformance.Encodings(ingresses))
}
