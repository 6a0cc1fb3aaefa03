// Package definition describes the topology server, for its main, for tests that run it in their own process, and for
// the manifests that install it.
package definition

import (
	"example.com/annex/servers/topology/apis/openapi"
	"example.com/annex/servers/topology/apis/topology"
	"example.com/annex/servers/topology/apis/topology/install"
	"example.com/annex/servers/topology/registry/site"
	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/registry"
)

// New is the topology server.
func New() apiserver.Definition {
	return apiserver.Definition{
		Name:        "topology",
		Description: "Serves Sites: the places that have capacity.",
		Install:     install.Install,
		OpenAPI:     openapi.GetOpenAPIDefinitions,
		Groups: []apiserver.Group{{
			Name:      topology.GroupName,
			Versions:  []string{"v1", "v1alpha1"},
			Resources: []registry.Resource{site.Resource},
		}},
	}
}
