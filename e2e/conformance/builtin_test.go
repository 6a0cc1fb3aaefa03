package conformance_test

import (
	"k8s.io/apimachinery/pkg/runtime/schema"

	"example.com/annex/e2e/conformance"
)

// Verbs of a resource whose objects are kept, and those of a subresource that is a part of them.
var (
	stored = []string{"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"}
	part   = []string{"get", "patch", "update"}
)

// builtIn are resources that kube-apiserver serves, one of each kind that there is.
func builtIn() []conformance.Resource {
	return []conformance.Resource{
		// A specification, a status, and no controller in kube-controller-manager that would write to them.
		{
			GVR:          schema.GroupVersionResource{Group: "networking.k8s.io", Version: "v1", Resource: "ingresses"},
			Kind:         "Ingress",
			Singular:     "ingress",
			ShortNames:   []string{"ing"},
			Namespaced:   true,
			Verbs:        stored,
			Subresources: map[string][]string{"status": part},
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
			Protobuf:            true,
			BuiltInRoles:        true,
			Columns: []conformance.Column{
				{Heading: "CLASS", Value: "one"},
				{Heading: "HOSTS", Value: "*"},
				{Heading: "ADDRESS"},
				{Heading: "PORTS", Value: "80"},
			},
		},
		// Neither specification nor status, and no generation.
		{
			GVR:            schema.GroupVersionResource{Version: "v1", Resource: "configmaps"},
			Kind:           "ConfigMap",
			Singular:       "configmap",
			ShortNames:     []string{"cm"},
			Namespaced:     true,
			Verbs:          stored,
			Sample:         `data: {color: green}`,
			Change:         conformance.Field{Path: []string{"data", "color"}, Value: "blue"},
			Other:          "red",
			Unconditional:  true,
			StrategicMerge: true,
			Protobuf:       true,
			BuiltInRoles:   true,
			Columns:        []conformance.Column{{Heading: "DATA", Value: "1"}},
		},
		// Computed, and not to be watched.
		{
			GVR:        schema.GroupVersionResource{Version: "v1", Resource: "componentstatuses"},
			Kind:       "ComponentStatus",
			Singular:   "componentstatus",
			ShortNames: []string{"cs"},
			Verbs:      []string{"get", "list"},
			Protobuf:   true,
			Existing:   "etcd-0",
		},
		// Answered, and not stored.
		{
			GVR:      schema.GroupVersionResource{Group: "authorization.k8s.io", Version: "v1", Resource: "subjectaccessreviews"},
			Kind:     "SubjectAccessReview",
			Singular: "subjectaccessreview",
			Verbs:    []string{"create"},
			Sample:   `spec: {user: nobody, nonResourceAttributes: {path: /secret, verb: get}}`,
			Answer:   &conformance.Field{Path: []string{"status", "allowed"}, Value: false},
			Invalid:  []conformance.Field{{Path: []string{"spec", "user"}, Value: ""}},
		},
	}
}
