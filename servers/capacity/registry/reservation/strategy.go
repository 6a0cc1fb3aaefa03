package reservation

import (
	"context"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"example.com/annex/servers/capacity/apis/capacity"
	"example.com/annex/servers/capacity/apis/capacity/validation"
	"example.com/annex/shared/registry"
)

// strategy is what is particular to Reservations when they are written.
var strategy = registry.Strategy[*capacity.Reservation, capacity.ReservationSpec, capacity.ReservationStatus]{
	Spec:   func(r *capacity.Reservation) *capacity.ReservationSpec { return &r.Spec },
	Status: func(r *capacity.Reservation) *capacity.ReservationStatus { return &r.Status },
	PrepareForCreate: func(_ context.Context, r *capacity.Reservation) {
		r.Status.Phase = capacity.ReservationPending
	},
	Validate: func(_ context.Context, r *capacity.Reservation) field.ErrorList {
		return validation.ValidateReservation(r)
	},
	ValidateUpdate: func(_ context.Context, r, old *capacity.Reservation) field.ErrorList {
		return validation.ValidateReservationUpdate(r, old)
	},
	ValidateStatusUpdate: func(_ context.Context, r, old *capacity.Reservation) field.ErrorList {
		return validation.ValidateReservationStatusUpdate(r, old)
	},
}
