// Package machine is the REST resource of Machines.
package machine

import (
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/duration"

	"example.com/annex/servers/inventory/apis/inventory"
	"example.com/annex/shared/registry"
)

// Resource is machines and machines/status.
var Resource = registry.Standard[*inventory.Machine, inventory.MachineSpec, inventory.MachineStatus]{
	Plural:     "machines",
	Singular:   "machine",
	ShortNames: []string{"ma"},
	Categories: []string{"annex"},
	New:        func() *inventory.Machine { return &inventory.Machine{} },
	NewList:    func() runtime.Object { return &inventory.MachineList{} },
	Strategy:   strategy,
	Table:      &mapping,
	Columns: []registry.Column[*inventory.Machine]{
		{Name: "Site", Description: "The site that it stands in.", Value: func(m *inventory.Machine) any { return m.Spec.SiteCode }},
		{Name: "Cores", Type: "integer", Description: "How many cores it has.", Value: func(m *inventory.Machine) any { return int64(m.Spec.Cores) }},
		{Name: "Lifecycle", Description: "Ordered, InService, Maintenance or Retired.", Value: func(m *inventory.Machine) any { return string(m.Spec.Lifecycle) }},
		{Name: "Seen", Description: "How long ago the CMDB heard of it.", Value: seen},
		{Name: "Memory", Type: "integer", Priority: 1, Description: "How much memory it has, in MiB.", Value: func(m *inventory.Machine) any { return m.Spec.MemoryMiB }},
		{Name: "Rack", Priority: 1, Description: "The rack that it stands in.", Value: func(m *inventory.Machine) any { return m.Spec.Position.Rack }},
		{Name: "Asset", Priority: 1, Description: "Its asset tag.", Value: func(m *inventory.Machine) any { return m.Spec.AssetTag }},
	},
	SelectableFields: map[string]func(*inventory.Machine) string{
		"spec.siteCode":  func(m *inventory.Machine) string { return m.Spec.SiteCode },
		"spec.lifecycle": func(m *inventory.Machine) string { return string(m.Spec.Lifecycle) },
	},
	FieldPaths: registry.FieldPaths{"v1beta1": {
		"spec.siteCode":       "spec.site",
		"spec.position":       "spec",
		"spec.position.rack":  "spec.rack",
		"spec.position.unit":  "spec.rackUnit",
		"spec.lifecycle":      "spec.state",
		"status.lastSeenTime": "status.lastSeen",
	}},
}

func seen(m *inventory.Machine) any {
	if m.Status.LastSeenTime == nil {
		return "<never>"
	}
	return duration.HumanDuration(time.Since(m.Status.LastSeenTime.Time))
}
