package conformance

import (
	"errors"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"

	"example.com/annex/e2e/step"
)

// label marks what a feature made, with the feature's namespace as the value.
const label = "annex-e2e"

// Selector selects the objects that New made for the feature with the namespace.
func Selector(namespace string) string { return label + "=" + namespace }

// SelectorOfAll selects what all features with the namespaces made, within them and outside of any.
func SelectorOfAll(namespaces []string) string {
	return label + " in (" + strings.Join(namespaces, ",") + ")"
}

// Objects is the client of somebody for the objects in a namespace, or in the
// whole cluster where the resource has no namespaces.
func (r Resource) Objects(clients *step.Clients, namespace string) dynamic.ResourceInterface {
	if r.Namespaced {
		return clients.Dynamic.Resource(r.GVR).Namespace(namespace)
	}
	return clients.Dynamic.Resource(r.GVR)
}

// Finalizer is what features hold objects by.
const Finalizer = "example.com/e2e"

// New is a valid object for the feature with the namespace, not created yet.
// Where the resource has no namespaces, the name that it gets is longer than the
// one given, to be unique.
func (r Resource) New(namespace, name string) (*unstructured.Unstructured, error) {
	object, err := decode(r.Sample)
	if err != nil {
		return nil, fmt.Errorf("decoding the sample of %s: %w", r.GVR.Resource, err)
	}
	unstructured.RemoveNestedField(object.Object, "metadata")
	object.SetGroupVersionKind(r.GVK())
	if !r.Can("get") {
		return object, nil // What is not stored has no name.
	}
	object.SetName(r.nameIn(namespace, name))
	object.SetLabels(map[string]string{label: namespace})
	return object, nil
}

// nameOf makes a name of what people read: "JSON patch" becomes "json-patch".
func nameOf(title string) string {
	return strings.ReplaceAll(strings.ToLower(title), " ", "-")
}

func (r Resource) nameIn(namespace, name string) string {
	if r.Namespaced {
		return name
	}
	return namespace + "-" + name
}

// decode makes of YAML, or JSON, what a client gets.
func decode(document string) (*unstructured.Unstructured, error) {
	object := &unstructured.Unstructured{}
	data, err := yaml.YAMLToJSON([]byte(document))
	if err == nil {
		// This decoder makes whole numbers int64, as in what servers send.
		err = json.Unmarshal(data, &object.Object)
	}
	if err == nil && object.Object == nil {
		err = errors.New("it is empty")
	}
	return object, err
}
