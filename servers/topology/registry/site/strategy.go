package site

import (
	"context"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"example.com/annex/servers/topology/apis/topology"
	"example.com/annex/servers/topology/apis/topology/validation"
	"example.com/annex/shared/registry"
)

// strategy is what is particular to Sites when they are written.
var strategy = registry.Strategy[*topology.Site, topology.SiteSpec, topology.SiteStatus]{
	ClusterScoped: true,
	Spec:          func(s *topology.Site) *topology.SiteSpec { return &s.Spec },
	Status:        func(s *topology.Site) *topology.SiteStatus { return &s.Status },
	PrepareForCreate: func(_ context.Context, s *topology.Site) {
		s.Status.Phase = topology.SitePending
	},
	Validate: func(_ context.Context, s *topology.Site) field.ErrorList {
		return validation.ValidateSite(s)
	},
	ValidateStatusUpdate: func(_ context.Context, s, old *topology.Site) field.ErrorList {
		return validation.ValidateSiteStatusUpdate(s, old)
	},
}
