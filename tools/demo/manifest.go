package main

import (
	"bytes"
	"fmt"
	"os"

	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
)

// writeManifest writes objects as a person would: YAML documents without
// status. Only this user may read the file: some objects are secret.
func writeManifest(name string, objects []runtime.Object) error {
	var manifest bytes.Buffer
	for i, object := range objects {
		content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
		if err != nil {
			return fmt.Errorf("writing manifest %s: %w", name, err)
		}
		delete(content, "status")
		document, err := yaml.Marshal(content)
		if err != nil {
			return fmt.Errorf("writing manifest %s: %w", name, err)
		}
		if i > 0 {
			manifest.WriteString("---\n")
		}
		manifest.Write(document)
	}
	if err := os.WriteFile(name, manifest.Bytes(), 0o600); err != nil {
		return fmt.Errorf("writing a manifest: %w", err)
	}
	return nil
}
