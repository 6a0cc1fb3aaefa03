// Package siteusage is the REST resource of SiteUsages.
package siteusage

import (
	"k8s.io/apimachinery/pkg/runtime"

	"example.com/annex/servers/insight/apis/insight"
	"example.com/annex/servers/insight/usage"
	"example.com/annex/shared/registry"
)

// Resource is siteusages.
var Resource = registry.Computed[*insight.SiteUsage]{
	Plural:        "siteusages",
	Singular:      "siteusage",
	ShortNames:    []string{"su"},
	Categories:    []string{"annex"},
	ClusterScoped: true,
	New:           func() *insight.SiteUsage { return &insight.SiteUsage{} },
	NewList:       func() runtime.Object { return &insight.SiteUsageList{} },
	Sources:       usage.Resources,
	Compute: func(o registry.Options) (registry.Computation[*insight.SiteUsage], error) {
		return usage.NewSource(o.Reflectors)
	},
	Columns: []registry.Column[*insight.SiteUsage]{
		{Name: "Region", Description: "The region that the site is in.", Value: func(u *insight.SiteUsage) any { return u.Region }},
		{Name: "Phase", Description: "Pending, Online or Offline.", Value: func(u *insight.SiteUsage) any { return u.Phase }},
		{Name: "Slots", Type: "integer", Description: "How many slots the site has.", Value: func(u *insight.SiteUsage) any { return int64(u.Slots.Total) }},
		{Name: "Requested", Type: "integer", Description: "How many slots Reservations ask for.", Value: func(u *insight.SiteUsage) any { return u.Reservations.Requested }},
		{Name: "Bound", Type: "integer", Description: "How many slots Reservations hold.", Value: func(u *insight.SiteUsage) any { return u.Reservations.Bound }},
		{Name: "Free", Type: "integer", Description: "How many slots are left.", Value: func(u *insight.SiteUsage) any { return u.Slots.Free }},
		{Name: "Reserved", Type: "integer", Priority: 1, Description: "How many of the slots the site keeps for itself.", Value: func(u *insight.SiteUsage) any { return int64(u.Slots.Reserved) }},
		{Name: "Reservations", Type: "integer", Priority: 1, Description: "How many Reservations there are.", Value: func(u *insight.SiteUsage) any { return u.Reservations.Count }},
	},
	SelectableFields: map[string]func(*insight.SiteUsage) string{
		"region": func(u *insight.SiteUsage) string { return u.Region },
		"phase":  func(u *insight.SiteUsage) string { return u.Phase },
	},
}
