package cbor_test

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/features"
	featurestesting "k8s.io/client-go/features/testing"

	"example.com/annex/e2e/conformance"
	"example.com/annex/e2e/framework"
	"example.com/annex/e2e/resources"
)

const gate = "--feature-gates=CBORServingAndStorage=true"

var testenv *framework.Environment

func TestMain(m *testing.M) {
	server := resources.Topology()
	server.Args = []string{gate}
	var err error
	testenv, err = framework.New(framework.Suite{
		Name:              "cbor",
		Servers:           []framework.Server{server},
		KubeAPIServerArgs: []string{gate},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(testenv.Run(m))
}

// sites are those of the conformance suite, and CBOR.
func sites() conformance.Resource {
	r := resources.Sites()[0]
	r.CBOR = true
	return r
}

// ingresses are built in: what they don't do would be asked in vain of ours.
var ingresses = conformance.Resource{
	GVR:        schema.GroupVersionResource{Group: "networking.k8s.io", Version: "v1", Resource: "ingresses"},
	Kind:       "Ingress",
	Singular:   "ingress",
	Namespaced: true,
	Verbs:      []string{"create", "get", "list", "watch", "update", "patch"},
	Sample:     `spec: {defaultBackend: {service: {name: backend, port: {number: 80}}}}`,
	Change:     conformance.Field{Path: []string{"spec", "ingressClassName"}, Value: "one"},
	Other:      "two",
	Protobuf:   true,
	CBOR:       true,
}

// clients are what client-go is told, and the areas in which its dynamic client shows it.
var clients = []struct {
	name  string
	gates []features.Feature
	areas []string
}{
	{"clients that read CBOR", []features.Feature{features.ClientsAllowCBOR}, []string{"Encodings", "Objects", "Watches"}},
	// Discovery clients of client-go v0.37.2 ask for CBOR then, and don't understand it: not all features get on without.
	{"clients that write CBOR", []features.Feature{features.ClientsAllowCBOR, features.ClientsPreferCBOR}, []string{"Patches", "Status", "Apply"}},
}

// TestCBOR changes gates of the whole process: one after the other.
func TestCBOR(t *testing.T) {
	all := conformance.All(sites())
	for _, c := range clients {
		t.Run(c.name, func(t *testing.T) {
			for _, gate := range c.gates {
				featurestesting.SetFeatureDuringTest(t, gate, true)
			}
			for _, area := range c.areas {
				at := slices.IndexFunc(all, func(f conformance.Feature) bool { return f.Area == area })
				if at < 0 {
					t.Fatalf("there is no area %s", area)
				}
				t.Run(area, func(t *testing.T) { t.Parallel(); testenv.Test(t, all[at].Builder) })
			}
		})
	}
}

func TestBuiltIn(t *testing.T) {
	testenv.Test(t, conformance.Encodings(ingresses).Builder)
}
