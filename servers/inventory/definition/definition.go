// Package definition describes the inventory server, for its main, for tests that run it in their own process, and for
// the manifests that install it.
package definition

import (
	"example.com/annex/servers/inventory/apis/inventory"
	"example.com/annex/servers/inventory/apis/inventory/install"
	"example.com/annex/servers/inventory/apis/openapi"
	"example.com/annex/servers/inventory/registry/machine"
	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/registry"
)

// New is the inventory server.
func New() apiserver.Definition {
	return apiserver.Definition{
		Name:        "inventory",
		Description: "Serves Machines: rows of a table that the CMDB owns, in PostgreSQL.",
		Install:     install.Install,
		OpenAPI:     openapi.GetOpenAPIDefinitions,
		Groups: []apiserver.Group{{
			Name:      inventory.GroupName,
			Versions:  []string{"v1", "v1beta1"},
			Resources: []registry.Resource{machine.Resource},
		}},
	}
}
