package conformance_test

import (
	"fmt"
	"os"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"example.com/annex/e2e/conformance"
	"example.com/annex/e2e/framework"
)

var testenv *framework.Environment

// The features are tried on a resource that kube-apiserver itself serves: what
// it does not pass would be asked in vain of others.
func TestMain(m *testing.M) {
	var err error
	testenv, err = framework.New(framework.Suite{Name: "conformance"})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(testenv.Run(m))
}

// ingresses have a specification, a status, and no controller in
// kube-controller-manager that would write to them.
var ingresses = conformance.Resource{
	GVR:          schema.GroupVersionResource{Group: "networking.k8s.io", Version: "v1", Resource: "ingresses"},
	Kind:         "Ingress",
	Singular:     "ingress",
	ShortNames:   []string{"ing"},
	Namespaced:   true,
	Verbs:        []string{"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"},
	Subresources: map[string][]string{"status": {"get", "patch", "update"}},
	Sample: `
spec:
  ingressClassName: one
  defaultBackend: {service: {name: backend, port: {number: 80}}}
`,
	Change:  conformance.Field{Path: []string{"spec", "ingressClassName"}, Value: "two"},
	Other:   "three",
	Invalid: []conformance.Field{{Path: []string{"spec", "ingressClassName"}, Value: "Not A Name"}},
	Status: &conformance.Field{
		Path:  []string{"status", "loadBalancer"},
		Value: map[string]any{"ingress": []any{map[string]any{"ip": "192.0.2.1"}}},
	},
	StatusTakesMetadata: true,
	Generation:          true,
	Unconditional:       true,
	StrategicMerge:      true,
	BuiltInRoles:        true,
	Columns: []conformance.Column{
		{Heading: "CLASS", Value: "one"},
		{Heading: "HOSTS", Value: "*"},
		{Heading: "ADDRESS"},
		{Heading: "PORTS", Value: "80"},
	},
}

func TestConformance(t *testing.T) {
	t.Parallel()
	conformance.Run(t, testenv, ingresses)
}
