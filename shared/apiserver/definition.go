package apiserver

import (
	"errors"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"
	openapicommon "k8s.io/kube-openapi/pkg/common"

	"example.com/annex/shared/registry"
)

// Definition describes an aggregated API server. Flags, manifests, RBAC and documentation are derived from it, so that
// they can't disagree with what is served.
type Definition struct {
	// Name is the name of the program, and of the Service and ServiceAccount that it gets when it is deployed: a
	// DNS-1035 label, for example "capacity". Required.
	Name string
	// Description says in a sentence what the server is for; --help begins with it. Optional.
	Description string
	// Install adds all internal and versioned types, with defaults and conversions, to a scheme. Required.
	Install func(*runtime.Scheme) error
	// OpenAPI are the generated OpenAPI definitions of all versioned types. Required.
	OpenAPI openapicommon.GetOpenAPIDefinitions
	// Groups are the API groups that the server serves. Required.
	Groups []Group
	// Admission are admission plugins of the server's own. They run after upstream's recommended ones, and
	// before ResourceQuota. Optional.
	Admission []AdmissionPlugin
}

// Group is an API group.
type Group struct {
	// Name is the group's full name, for example "capacity.example.com". Required.
	Name string
	// Versions are the served versions, the preferred one first. Objects of a kind are stored in the first that has
	// the kind and is not alpha, else in the first that has it
	// (k8s.io/apiserver/pkg/server/storage/resource_encoding_config.go). Required.
	Versions []string
	// Resources are served in every version that has their kind. Required.
	Resources []registry.Resource
}

// GroupVersions are all versions of all groups, in the order of the Definition.
func (d Definition) GroupVersions() []schema.GroupVersion {
	var gvs []schema.GroupVersion
	for _, g := range d.Groups {
		gvs = append(gvs, g.groupVersions()...)
	}
	return gvs
}

func (g Group) groupVersions() []schema.GroupVersion {
	var gvs []schema.GroupVersion
	for _, v := range g.Versions {
		gvs = append(gvs, schema.GroupVersion{Group: g.Name, Version: v})
	}
	return gvs
}

// Stored says whether the server keeps objects, and so must be told where: without it there are no flags of storage.
func (d Definition) Stored() bool {
	for _, g := range d.Groups {
		for _, r := range g.Resources {
			if _, ok := r.(registry.Stored); ok {
				return true
			}
		}
	}
	return false
}

// Validate reports everything that makes the Definition unusable, or nil.
func (d Definition) Validate() error {
	var errs []error
	complain := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	for _, msg := range validation.IsDNS1035Label(d.Name) {
		complain("Name %q can't name a Service: %s", d.Name, msg)
	}
	if d.Install == nil {
		complain("Install is not set: without it no type is known")
	}
	if d.OpenAPI == nil {
		complain("OpenAPI is not set: kubectl explain and server-side apply need it")
	}
	if len(d.Groups) == 0 {
		complain("Groups is empty: there is nothing to serve")
	}
	groups := map[string]bool{}
	for i, g := range d.Groups {
		for _, msg := range validation.IsDNS1123Subdomain(g.Name) {
			complain("Groups[%d].Name %q: %s", i, g.Name, msg)
		}
		if groups[g.Name] {
			complain("Groups[%d].Name %q stands twice", i, g.Name)
		}
		groups[g.Name] = true
		if len(g.Versions) == 0 {
			complain("Groups[%d] (%s): Versions is empty", i, g.Name)
		}
		for j, v := range g.Versions {
			for _, msg := range validation.IsDNS1035Label(v) {
				complain("Groups[%d] (%s): version %q can't name an APIService: %s", i, g.Name, v, msg)
			}
			if slices.Index(g.Versions, v) != j {
				complain("Groups[%d] (%s): version %q stands twice", i, g.Name, v)
			}
		}
		if len(g.Resources) == 0 {
			complain("Groups[%d] (%s): Resources is empty", i, g.Name)
		}
		for j, r := range g.Resources {
			if r == nil {
				complain("Groups[%d] (%s): Resources[%d] is nil", i, g.Name, j)
				continue
			}
			first := slices.IndexFunc(g.Resources, func(other registry.Resource) bool { return other != nil && other.Name() == r.Name() })
			if first != j {
				complain("Groups[%d] (%s): resource %q stands twice", i, g.Name, r.Name())
			}
		}
	}
	for i, p := range d.Admission {
		if p.Name == "" || p.New == nil {
			complain("Admission[%d] (%q) needs a Name and New", i, p.Name)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("definition of API server %q: %w", d.Name, err)
	}
	return nil
}
