package manifests

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"

	"example.com/annex/shared/apiserver"
)

// The two components that an overlay consists of, written by hand: what it does to every server, and where it has objects kept.
const (
	environment = "environment"
	storage     = "storage"
)

// storagePrefix begins the names of components that say where objects are kept. A server has one of them at most.
const storagePrefix = "storage-"

// postgresql is the only place for servers of rows that other programs own.
const postgresql = "postgresql"

// ofStored are the components, besides these, that mean something only where objects are kept, and in a form of the server's own.
var ofStored = []string{"encryption"}

// Overlays are the names of all overlays.
func Overlays(files fs.FS) ([]string, error) { return directories(files, "overlays") }

// Storages are the places where a server can keep its objects: of those for which there is a component.
func Storages(files fs.FS, server apiserver.Definition) ([]string, error) {
	if !server.Stored() {
		return nil, nil
	}
	names, err := directories(files, "components")
	var found []string
	for _, name := range names {
		if place, ok := strings.CutPrefix(name, storagePrefix); ok && (place == postgresql || len(server.Tabled()) == 0) {
			found = append(found, place)
		}
	}
	return found, err
}

// Addable are the components that can be added to a server in an overlay: those that it lacks, and that mean something for it.
func Addable(files fs.FS, overlay string, server apiserver.Definition) ([]string, error) {
	names, err := directories(files, "components")
	if err != nil {
		return nil, err
	}
	there, err := included(files, overlay)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(names, func(name string) bool {
		return strings.HasPrefix(name, storagePrefix) || slices.Contains(there, name) || (!server.Stored() || len(server.Tabled()) > 0) && slices.Contains(ofStored, name)
	}), nil
}

// included are the components that an overlay has.
func included(files fs.FS, overlay string) ([]string, error) {
	file := path.Join("overlays", overlay, environment, "kustomization.yaml")
	content, err := fs.ReadFile(files, file)
	if err != nil {
		return nil, fmt.Errorf("reading deploy/%s: %w", file, err)
	}
	var kustomization types.Kustomization
	if err := yaml.Unmarshal(content, &kustomization); err != nil {
		return nil, fmt.Errorf("reading deploy/%s: %w", file, err)
	}
	var names []string
	for _, component := range kustomization.Components {
		names = append(names, path.Base(component))
	}
	return names, nil
}

func directories(files fs.FS, dir string) ([]string, error) {
	entries, err := fs.ReadDir(files, dir)
	if err != nil {
		return nil, fmt.Errorf("listing the directories in deploy/%s: %w", dir, err)
	}
	var names []string
	for _, entry := range entries {
		if entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}

// storageOf is the component, as a path below deploy/, by which a server of an overlay is told where to keep its objects: the
// overlay's own or, for a server of rows that another program owns, the one for the database that has them. It is empty where
// nothing is said: by an overlay without storage, or to a server that keeps nothing.
func storageOf(files fs.FS, overlay string, server apiserver.Definition) string {
	own := path.Join("overlays", overlay, storage)
	if _, err := fs.Stat(files, own); err != nil || !server.Stored() {
		return ""
	}
	if len(server.Tabled()) > 0 {
		return path.Join("components", storagePrefix+postgresql)
	}
	return own
}

// check returns the server, or says what is wrong with options in more words than kustomize has.
func (o Options) check(files fs.FS) (server apiserver.Definition, _ error) {
	servers, err := Named(o.Server)
	if err != nil {
		return server, err
	}
	server = servers[0]
	overlays, err := Overlays(files)
	if err != nil {
		return server, err
	}
	if !slices.Contains(overlays, o.Overlay) {
		return server, fmt.Errorf("there is no overlay %q, but %s", o.Overlay, strings.Join(overlays, ", "))
	}
	addable, err := Addable(files, o.Overlay, server)
	if err != nil {
		return server, err
	}
	for i, component := range o.Components {
		if !slices.Contains(addable, component) || slices.Index(o.Components, component) != i {
			return server, fmt.Errorf("component %q can't be added, but %s", component, strings.Join(addable, ", "))
		}
	}
	if o.Storage == "" {
		return server, nil
	}
	if !server.Stored() {
		return server, fmt.Errorf("storage %q: the server keeps nothing", o.Storage)
	}
	storages, err := Storages(files, server)
	if err != nil {
		return server, err
	}
	if !slices.Contains(storages, o.Storage) {
		return server, fmt.Errorf("there is no storage %q, but %s", o.Storage, strings.Join(storages, ", "))
	}
	return server, nil
}
