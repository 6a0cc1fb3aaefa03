package reservation

import (
	"testing"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"example.com/annex/servers/capacity/apis/capacity"
)

func TestNewReservationsArePending(t *testing.T) {
	t.Parallel()
	r := sample()
	r.Status = capacity.ReservationStatus{} // As it is when the strategy is asked.
	strategy.PrepareForCreate(t.Context(), r)
	if r.Status.Phase != capacity.ReservationPending {
		t.Errorf("phase %q, want Pending", r.Status.Phase)
	}
}

// The rules themselves are tested in package validation.
func TestStrategyValidates(t *testing.T) {
	t.Parallel()
	unnamed, released, changed := sample(), sample(), sample()
	unnamed.Name = ""
	released.Status.Phase = capacity.ReservationReleased
	changed.Spec.Slots++
	for path, errs := range map[string]field.ErrorList{
		"metadata.name": strategy.Validate(t.Context(), unnamed),
		"spec":          strategy.ValidateUpdate(t.Context(), changed, released),
		"status.phase":  strategy.ValidateStatusUpdate(t.Context(), changed, released),
	} {
		found := false
		for _, err := range errs {
			found = found || err.Field == path
		}
		if !found {
			t.Errorf("got %v, want an error at %s", errs, path)
		}
	}
}
