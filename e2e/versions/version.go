package versions

import (
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"example.com/annex/e2e/conformance"
)

// Version is a resource in one of its versions. The Change of all versions is the same change, and so are NewStatus and
// LaterStatus, each as its version has it.
type Version struct {
	conformance.Resource
	// Specs are the spec of an object that was created from this version's sample, with this version's defaults: by the name
	// of each version, how that one has it, in YAML.
	Specs map[string]string
	// NewStatus is the status of a new object, and LaterStatus one that may follow, in YAML.
	NewStatus, LaterStatus string
}

// name is the version's: v1.
func (v Version) name() string { return v.GVR.Version }

// read is the spec of an object of another version's sample, as this version has it.
func (v Version) read(t *testing.T, from Version) map[string]any {
	t.Helper()
	spec, ok := from.Specs[v.name()]
	if !ok {
		t.Fatalf("the suite does not say what the sample of %s is in %s", from.name(), v.name())
	}
	return decode(t, spec)
}

// decode makes of YAML what a client gets.
func decode(t *testing.T, document string) map[string]any {
	t.Helper()
	data, err := yaml.YAMLToJSON([]byte(document))
	decoded := map[string]any{}
	if err == nil {
		// This decoder makes whole numbers int64.
		err = json.Unmarshal(data, &decoded)
	}
	if err != nil {
		t.Fatal(fmt.Errorf("decoding %q: %w", document, err))
	}
	return decoded
}
