// Package site is the REST resource of Sites.
package site

import (
	"k8s.io/apimachinery/pkg/runtime"

	"example.com/annex/servers/topology/apis/topology"
	"example.com/annex/shared/registry"
)

// Resource is sites and sites/status.
var Resource = registry.Standard[*topology.Site, topology.SiteSpec, topology.SiteStatus]{
	Plural:     "sites",
	Singular:   "site",
	ShortNames: []string{"st"},
	Categories: []string{"annex"},
	New:        func() *topology.Site { return &topology.Site{} },
	NewList:    func() runtime.Object { return &topology.SiteList{} },
	Strategy:   strategy,
	Columns: []registry.Column[*topology.Site]{
		{Name: "Region", Description: "The region that it is in.", Value: func(s *topology.Site) any { return s.Spec.Region }},
		{Name: "Slots", Type: "integer", Description: "How many slots it has.", Value: func(s *topology.Site) any { return int64(s.Spec.Capacity.Slots) }},
		{Name: "Phase", Description: "Pending, Online or Offline.", Value: func(s *topology.Site) any { return string(s.Status.Phase) }},
		{Name: "Reserved", Type: "integer", Priority: 1, Description: "How many of the slots it keeps for itself.", Value: func(s *topology.Site) any { return int64(s.Spec.Capacity.ReservedSlots) }},
		{Name: "Policy", Priority: 1, Description: "Which Reservations get slots first.", Value: func(s *topology.Site) any { return string(s.Spec.AllocationPolicy) }},
		{Name: "Coordinates", Priority: 1, Description: "Latitude and longitude.", Value: coordinates},
	},
	SelectableFields: map[string]func(*topology.Site) string{
		"spec.region":  func(s *topology.Site) string { return s.Spec.Region },
		"status.phase": func(s *topology.Site) string { return string(s.Status.Phase) },
	},
	FieldPaths: registry.FieldPaths{"v1alpha1": {
		"spec.capacity":              "spec",
		"spec.coordinates.latitude":  "spec.coordinates",
		"spec.coordinates.longitude": "spec.coordinates",
		"status.phase":               "status.state",
	}},
}

func coordinates(s *topology.Site) any {
	if s.Spec.Coordinates == nil {
		return "<unknown>"
	}
	return s.Spec.Coordinates.Latitude + "," + s.Spec.Coordinates.Longitude
}
