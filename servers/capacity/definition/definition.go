// Package definition describes the capacity server, for its main, for tests that run it in their own process, and for
// the manifests that install it.
package definition

import (
	"example.com/annex/servers/capacity/admission/sitecheck"
	"example.com/annex/servers/capacity/apis/capacity"
	"example.com/annex/servers/capacity/apis/capacity/install"
	"example.com/annex/servers/capacity/apis/openapi"
	"example.com/annex/servers/capacity/registry/reservation"
	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/registry"
)

// New is the capacity server.
func New() apiserver.Definition {
	return apiserver.Definition{
		Name:        "capacity",
		Description: "Serves Reservations: slots of capacity that a team holds at a site.",
		Install:     install.Install,
		OpenAPI:     openapi.GetOpenAPIDefinitions,
		Groups: []apiserver.Group{{
			Name:      capacity.GroupName,
			Versions:  []string{"v1", "v1beta1"},
			Resources: []registry.Resource{reservation.Resource},
		}},
		Admission: []apiserver.AdmissionPlugin{sitecheck.Plugin},
	}
}
