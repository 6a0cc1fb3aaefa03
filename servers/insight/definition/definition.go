// Package definition describes the insight server, for its main, for tests that run it in their own process, and for
// the manifests that install it.
package definition

import (
	"example.com/annex/servers/insight/apis/insight"
	"example.com/annex/servers/insight/apis/insight/install"
	"example.com/annex/servers/insight/apis/openapi"
	"example.com/annex/servers/insight/registry/siteusage"
	"example.com/annex/servers/insight/registry/usagereview"
	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/registry"
)

// New is the insight server.
func New() apiserver.Definition {
	return apiserver.Definition{
		Name:        "insight",
		Description: "Serves SiteUsages and UsageReviews: how the slots of Sites are used, and whether more would fit.",
		Install:     install.Install,
		OpenAPI:     openapi.GetOpenAPIDefinitions,
		Groups: []apiserver.Group{{
			Name:      insight.GroupName,
			Versions:  []string{"v1"},
			Resources: []registry.Resource{siteusage.Resource, usagereview.Resource},
		}},
	}
}
