package manifests

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/deployment"
)

// generated begins each file of Generate.
const generated = "# Generated from the server's Definition by: go test ./deploy -update\n"

// Generate is the part of deploy/ that follows from the servers' Definitions, by path: the base of each, and what it is in each
// overlay. files is deploy/ as it is; of it, the overlays are asked whether they know of storage.
func Generate(files fs.FS) (map[string][]byte, error) {
	overlays, err := Overlays(files)
	if err != nil {
		return nil, err
	}
	all := map[string][]byte{}
	for _, server := range Servers() {
		objects, err := base(server)
		if err != nil {
			return nil, fmt.Errorf("generating the base of %s: %w", server.Name, err)
		}
		dir := path.Join("base", server.Name)
		all[path.Join(dir, "objects.yaml")] = objects
		all[path.Join(dir, "kustomization.yaml")] = []byte(generated +
			"apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n- objects.yaml\n")
		for _, overlay := range overlays {
			all[path.Join("overlays", overlay, server.Name, "kustomization.yaml")] = inOverlay(files, overlay, server)
		}
	}
	return all, nil
}

// base are the server's objects, a YAML document each.
func base(server apiserver.Definition) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(generated)
	for _, object := range (deployment.Installation{Definition: server}).Objects() {
		document, err := document(object)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "---\n%s", document)
	}
	return b.Bytes(), nil
}

// document is an object without its status, which is the cluster's to say.
func document(object runtime.Object) ([]byte, error) {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return nil, err
	}
	delete(content, "status")
	return yaml.Marshal(content)
}

// inOverlay is the server in an overlay: its base, what the overlay does to every server, and where it keeps the objects of those
// that have any.
func inOverlay(files fs.FS, overlay string, server apiserver.Definition) []byte {
	var b bytes.Buffer
	b.WriteString(generated)
	fmt.Fprintf(&b, "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n- ../../../base/%s\ncomponents:\n- ../%s\n", server.Name, environment)
	if place := storageOf(files, overlay, server); place != "" {
		if own, ok := strings.CutPrefix(place, "overlays/"+overlay+"/"); ok {
			fmt.Fprintf(&b, "- ../%s\n", own)
		} else {
			fmt.Fprintf(&b, "- ../../../%s\n", place)
		}
	}
	return b.Bytes()
}
