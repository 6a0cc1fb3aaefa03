// Package reservation is the REST resource of Reservations.
package reservation

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"example.com/annex/servers/capacity/apis/capacity"
	"example.com/annex/shared/registry"
)

// Resource is reservations, with status, scale and log.
var Resource = registry.Standard[*capacity.Reservation, capacity.ReservationSpec, capacity.ReservationStatus]{
	Plural:     "reservations",
	Singular:   "reservation",
	ShortNames: []string{"rsv"},
	Categories: []string{"annex"},
	New:        func() *capacity.Reservation { return &capacity.Reservation{} },
	NewList:    func() runtime.Object { return &capacity.ReservationList{} },
	Strategy:   strategy,
	Columns: []registry.Column[*capacity.Reservation]{
		{Name: "Site", Description: "Where the slots are.", Value: func(r *capacity.Reservation) any { return r.Spec.SiteName }},
		{Name: "Slots", Type: "integer", Description: "How many slots are asked for.", Value: func(r *capacity.Reservation) any { return int64(r.Spec.Slots) }},
		{Name: "Bound", Type: "integer", Description: "How many slots are held.", Value: func(r *capacity.Reservation) any { return int64(r.Status.BoundSlots) }},
		{Name: "Phase", Description: "Pending, Bound or Released.", Value: func(r *capacity.Reservation) any { return string(r.Status.Phase) }},
		{Name: "Priority", Priority: 1, Description: "Its rank among the reservations of the site.", Value: func(r *capacity.Reservation) any { return string(r.Spec.Priority) }},
	},
	SelectableFields: map[string]func(*capacity.Reservation) string{
		"spec.siteName": func(r *capacity.Reservation) string { return r.Spec.SiteName },
		"status.phase":  func(r *capacity.Reservation) string { return string(r.Status.Phase) },
	},
	FieldPaths: registry.FieldPaths{"v1beta1": {
		"spec.siteName":     "spec.siteRef.name",
		"spec.slots":        "spec.request.slots",
		"spec.priority":     "spec.request.priority",
		"status.boundSlots": "status.heldSlots",
	}},
	Scale: &registry.Scale[*capacity.Reservation]{
		Path:           "spec.slots",
		Replicas:       func(r *capacity.Reservation) *int32 { return &r.Spec.Slots },
		StatusReplicas: func(r *capacity.Reservation) int32 { return r.Status.BoundSlots },
		Selector:       func(r *capacity.Reservation) *metav1.LabelSelector { return r.Spec.Selector },
	},
	Log: &log,
}
