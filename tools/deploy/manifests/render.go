package manifests

import (
	"fmt"
	"io/fs"
	"net/netip"
	"path"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/resid"
	"sigs.k8s.io/yaml"

	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/deployment"
)

// Options say what to render.
type Options struct {
	// Server is the server's name. Required.
	Server string
	// Overlay is the overlay's name: local, kind or production. Required.
	Overlay string
	// Components are names of components to add to those of the overlay: some of Addable.
	Components []string
	// Storage is where objects are kept, in place of what the overlay says: one of Storages. Empty leaves it to the overlay.
	Storage string
	// Image is where the server's image is. The zero value leaves the one of the base.
	Image Image
	// Address is where a server that runs outside of the cluster listens: overlay local. The zero value leaves an address that is
	// nobody's.
	Address netip.AddrPort
	// APIServers are the addresses that kube-apiserver calls from. With component network-policy nobody else is let in, then.
	APIServers []netip.Prefix
}

// Image is where an image is.
type Image struct {
	// Name is registry and repository, without tag. Empty leaves that of the base.
	Name string
	// Tag or Digest ("sha256:...") say which one it is. A digest wins.
	Tag, Digest string
}

// Where the files are in kustomize's file system, and beside them the kustomization of the options.
const (
	root    = "/deploy"
	wrapper = "/rendered"
)

// Render is what kubectl kustomize would print for the overlay, with the options on top: in kustomize's own order, in which
// kubectl applies it. files is deploy/.
func Render(files fs.FS, options Options) ([]unstructured.Unstructured, error) {
	fail := func(err error) ([]unstructured.Unstructured, error) {
		return nil, fmt.Errorf("rendering overlay %s of server %s: %w", options.Overlay, options.Server, err)
	}
	server, err := options.check(files)
	if err != nil {
		return fail(err)
	}
	memory := filesys.MakeFsInMemory()
	if err := copyInto(memory, files); err != nil {
		return fail(err)
	}
	kustomization, err := yaml.Marshal(options.kustomization(files, server))
	if err != nil {
		return fail(err)
	}
	if err := memory.WriteFile(path.Join(wrapper, "kustomization.yaml"), kustomization); err != nil {
		return fail(err)
	}
	krustyOptions := krusty.MakeDefaultOptions()
	krustyOptions.Reorder = krusty.ReorderOptionLegacy // kubectl's, and kustomize's where nothing is said.
	resources, err := krusty.MakeKustomizer(krustyOptions).Run(memory, wrapper)
	if err != nil {
		return fail(err)
	}
	var objects []unstructured.Unstructured
	for _, resource := range resources.Resources() {
		document, err := resource.AsYAML()
		if err != nil {
			return fail(err)
		}
		var object unstructured.Unstructured
		if err := yaml.Unmarshal(document, &object.Object); err != nil {
			return fail(fmt.Errorf("reading %s: %w", resource.CurId(), err))
		}
		objects = append(objects, object)
	}
	return objects, nil
}

// kustomization says the options in kustomize's words.
func (o Options) kustomization(files fs.FS, server apiserver.Definition) types.Kustomization {
	k := types.Kustomization{
		TypeMeta:  types.TypeMeta{APIVersion: types.KustomizationVersion, Kind: types.KustomizationKind},
		Resources: []string{from("base", server.Name)},
		// As in the server's overlay, with storage last: it knows best how many replicas there can be.
		Components: []string{from("overlays", o.Overlay, environment)},
	}
	for _, component := range o.Components {
		k.Components = append(k.Components, from("components", component))
	}
	switch {
	case o.Storage != "":
		k.Components = append(k.Components, from("components", storagePrefix+o.Storage))
	case storageOf(files, o.Overlay, server) != "":
		k.Components = append(k.Components, from(storageOf(files, o.Overlay, server)))
	}
	if o.Image != (Image{}) {
		k.Images = []types.Image{{Name: deployment.ImagePrefix + "/" + o.Server, NewName: o.Image.Name, NewTag: o.Image.Tag, Digest: o.Image.Digest}}
	}
	if o.Address.IsValid() {
		family := "IPv4"
		if o.Address.Addr().Is6() {
			family = "IPv6"
		}
		k.Patches = append(k.Patches, patch("EndpointSlice",
			replace("/addressType", strconv.Quote(family)),
			replace("/endpoints/0/addresses/0", strconv.Quote(o.Address.Addr().String())),
			replace("/ports/0/port", strconv.Itoa(int(o.Address.Port()))),
		))
	}
	if len(o.APIServers) > 0 {
		var from []string
		for _, prefix := range o.APIServers {
			from = append(from, fmt.Sprintf("{ipBlock: {cidr: %q}}", prefix))
		}
		k.Patches = append(k.Patches, patch("NetworkPolicy",
			fmt.Sprintf("- {op: add, path: /spec/ingress/0/from, value: [%s]}\n", strings.Join(from, ", "))))
	}
	return k
}

// from is the way to a directory of deploy/.
func from(elements ...string) string { return path.Join("..", root, path.Join(elements...)) }

// patch is a JSON patch of all objects of a kind.
func patch(kind string, operations ...string) types.Patch {
	return types.Patch{
		Target: &types.Selector{ResId: resid.ResId{Gvk: resid.Gvk{Kind: kind}}},
		Patch:  strings.Join(operations, ""),
	}
}

func replace(path, value string) string {
	return fmt.Sprintf("- {op: replace, path: %s, value: %s}\n", path, value)
}

// copyInto copies all files into kustomize's file system.
func copyInto(to filesys.FileSystem, files fs.FS) error {
	return fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		return to.WriteFile(path.Join(root, name), content)
	})
}
