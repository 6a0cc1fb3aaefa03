package reservation_test

import (
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"

	"example.com/annex/servers/capacity/apis/capacity"
	"example.com/annex/servers/capacity/definition"
	"example.com/annex/shared/registry/registrytest"
)

func TestStorage(t *testing.T) {
	t.Parallel()
	type change = func(*capacity.Reservation)
	invalid := []change{
		func(r *capacity.Reservation) { r.Spec.Slots = 0 },
		func(r *capacity.Reservation) { r.Spec.Priority = "Urgent" },
		func(r *capacity.Reservation) { r.Spec.Selector = &metav1.LabelSelector{} },
	}
	registrytest.Storage(t, registrytest.Etcd(t), registrytest.Subject[*capacity.Reservation]{
		Definition: definition.New(),
		Resource:   reservations,
		Valid: func() *capacity.Reservation {
			return &capacity.Reservation{
				Spec: capacity.ReservationSpec{
					SiteName: "ams-1", Slots: 4, Priority: capacity.PriorityHigh,
					Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "builds"}},
				},
				Status: capacity.ReservationStatus{Phase: capacity.ReservationPending},
			}
		},
		Change:         func(r *capacity.Reservation) { r.Spec.Slots = 8 },
		Invalid:        slices.Concat(invalid, []change{func(r *capacity.Reservation) { r.Spec.SiteName = "Not A Name" }}),
		InvalidChanges: slices.Concat(invalid, []change{func(r *capacity.Reservation) { r.Spec.SiteName = "lon-1" }}),
		ChangeStatus:   func(r *capacity.Reservation) { r.Status.Phase, r.Status.BoundSlots = capacity.ReservationBound, 4 },
		InvalidStatuses: []change{
			func(r *capacity.Reservation) { r.Status.Phase = "" },
			func(r *capacity.Reservation) { r.Status.BoundSlots = 4 },
			func(r *capacity.Reservation) { r.Status.ObservedGeneration = 100 },
		},
		Selectable: fields.Set{"spec.siteName": "ams-1", "status.phase": "Pending"},
		Singular:   "reservation",
		ShortNames: []string{"rsv"},
		Categories: []string{"annex"},
	})
}
