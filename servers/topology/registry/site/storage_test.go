package site_test

import (
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/fields"

	"example.com/annex/servers/topology/apis/topology"
	"example.com/annex/servers/topology/definition"
	"example.com/annex/shared/registry/registrytest"
)

func TestStorage(t *testing.T) {
	t.Parallel()
	type change = func(*topology.Site)
	invalid := []change{
		func(s *topology.Site) { s.Spec.Capacity.Slots = 0 },
		func(s *topology.Site) { s.Spec.Capacity.ReservedSlots = 100 },
		func(s *topology.Site) { s.Spec.AllocationPolicy = "ByChance" },
	}
	registrytest.Storage(t, registrytest.Etcd(t), registrytest.Subject[*topology.Site]{
		Definition: definition.New(),
		Resource:   sites,
		Valid: func() *topology.Site {
			return &topology.Site{
				Spec: topology.SiteSpec{
					Region:           "eu-west",
					Coordinates:      &topology.SiteCoordinates{Latitude: "52.35", Longitude: "4.83"},
					Capacity:         topology.SiteCapacity{Slots: 40, ReservedSlots: 5},
					AllocationPolicy: topology.AllocateByAge,
				},
				Status: topology.SiteStatus{Phase: topology.SitePending},
			}
		},
		Change:         func(s *topology.Site) { s.Spec.Capacity.Slots = 80 },
		Invalid:        slices.Concat(invalid, []change{func(s *topology.Site) { s.Spec.Coordinates.Latitude = "91" }}),
		InvalidChanges: slices.Concat(invalid, []change{func(s *topology.Site) { s.Spec.Region = "us-east" }, func(s *topology.Site) { s.Spec.Coordinates = nil }}),
		ChangeStatus:   func(s *topology.Site) { s.Status.Phase = topology.SiteOnline },
		InvalidStatuses: []change{
			func(s *topology.Site) { s.Status.Phase = "" },
			func(s *topology.Site) { s.Status.ObservedGeneration = 100 },
		},
		Selectable: fields.Set{"spec.region": "eu-west", "status.phase": "Pending"},
		Singular:   "site",
		ShortNames: []string{"st"},
		Categories: []string{"annex"},
	})
}
