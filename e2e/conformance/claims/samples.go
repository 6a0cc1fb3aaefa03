package claims

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/json"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// Sample is a valid object of a kind, from a file.
type Sample struct {
	*unstructured.Unstructured
	// File is where it is from, for messages.
	File string
}

// ReadSamples reads all objects in a file of YAML or JSON. Whole numbers are int64, as in what servers send.
func ReadSamples(file string, data []byte) ([]Sample, error) {
	var samples []Sample
	documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(data)))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", file, err)
		}
		object := &unstructured.Unstructured{}
		converted, err := yaml.YAMLToJSONStrict(document)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", file, err)
		}
		if err := json.Unmarshal(converted, &object.Object); err != nil {
			return nil, fmt.Errorf("reading %s: there is something in it that is no object: %w", file, err)
		}
		if len(object.Object) == 0 {
			continue // Comments, or nothing.
		}
		if object.GetAPIVersion() == "" || object.GetKind() == "" {
			return nil, fmt.Errorf("reading %s: an object there has no apiVersion or no kind", file)
		}
		if object.GetAPIVersion() == "v1" && object.IsList() { // As kubectl get prints several.
			items, err := object.ToList()
			if err != nil {
				return nil, fmt.Errorf("reading %s: reading a list there: %w", file, err)
			}
			for i := range items.Items {
				samples = append(samples, Sample{Unstructured: &items.Items[i], File: file})
			}
			continue
		}
		samples = append(samples, Sample{Unstructured: object, File: file})
	}
	if len(samples) == 0 {
		return nil, fmt.Errorf("reading %s: there is no object in it", file)
	}
	return samples, nil
}

// find is the sample of a kind or, if there is none of its version, of another version.
func find(samples []Sample, kind schema.GroupVersionKind) (Sample, bool) {
	for _, same := range []func(schema.GroupVersionKind) bool{
		func(k schema.GroupVersionKind) bool { return k == kind },
		func(k schema.GroupVersionKind) bool { return k.GroupKind() == kind.GroupKind() },
	} {
		for _, s := range samples {
			if same(s.GroupVersionKind()) {
				return s, true
			}
		}
	}
	return Sample{}, false
}
