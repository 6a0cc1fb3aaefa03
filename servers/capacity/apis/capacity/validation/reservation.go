package validation

import (
	"fmt"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"example.com/annex/servers/capacity/apis/capacity"
	"example.com/annex/shared/validation"
)

// ValidateReservation checks a Reservation that is created or updated by itself: its name must be a DNS-1123 subdomain, as
// kubectl and most tools expect, and its selector must not select everything.
func ValidateReservation(r *capacity.Reservation) field.ErrorList {
	errs := apivalidation.ValidateObjectMeta(&r.ObjectMeta, true, apivalidation.NameIsDNSSubdomain, field.NewPath("metadata"))
	if s := r.Spec.Selector; s != nil {
		path := field.NewPath("spec", "selector")
		errs = append(errs, metav1validation.ValidateLabelSelector(s, metav1validation.LabelSelectorValidationOptions{}, path)...)
		if len(s.MatchLabels)+len(s.MatchExpressions) == 0 {
			errs = append(errs, field.Invalid(path, "{}", "must not be empty: it would select all pods of the namespace"))
		}
	}
	return errs
}

// ValidateReservationUpdate checks the step from old to r in an update of the resource: nothing can be asked of a Reservation
// that was released.
func ValidateReservationUpdate(r, old *capacity.Reservation) field.ErrorList {
	if old.Status.Phase == capacity.ReservationReleased && !apiequality.Semantic.DeepEqual(r.Spec, old.Spec) {
		return field.ErrorList{field.Forbidden(field.NewPath("spec"),
			"can't be changed after the Reservation was released; create another one")}
	}
	return nil
}

// ValidateReservationStatusUpdate checks the step from old to r in an update of the status subresource: Released is final,
// observedGeneration never goes back nor ahead of metadata.generation, and the fields of the new status agree with each
// other and with the spec.
func ValidateReservationStatusUpdate(r, old *capacity.Reservation) field.ErrorList {
	status := field.NewPath("status")
	errs := validateStatus(&r.Status, status)
	if old.Status.Phase == capacity.ReservationReleased && r.Status.Phase != capacity.ReservationReleased {
		errs = append(errs, field.Forbidden(status.Child("phase"), "is Released, which is final"))
	}
	errs = append(errs, validation.ValidateObservedGeneration(r.Status.ObservedGeneration, old.Status.ObservedGeneration, r.Generation,
		status.Child("observedGeneration"))...)
	// A status of an earlier generation may still hold what that generation asked for.
	if r.Status.ObservedGeneration == r.Generation && r.Status.BoundSlots > r.Spec.Slots {
		errs = append(errs, field.Invalid(status.Child("boundSlots"), r.Status.BoundSlots,
			fmt.Sprintf("must not be higher than the number of slots that the observed generation asks for (%d)", r.Spec.Slots)))
	}
	return errs
}

// validateStatus checks the fields of a status against each other.
func validateStatus(s *capacity.ReservationStatus, path *field.Path) field.ErrorList {
	// This checks that their types are unique too: with k8s:listType in v1 a duplicate would be reported twice.
	errs := metav1validation.ValidateConditions(s.Conditions, path.Child("conditions"))
	bound := path.Child("boundSlots")
	switch s.Phase {
	case capacity.ReservationBound:
		if s.BoundSlots == 0 {
			errs = append(errs, field.Required(bound, "a Bound Reservation holds at least 1 slot"))
		}
	default:
		if s.BoundSlots > 0 {
			errs = append(errs, field.Invalid(bound, s.BoundSlots, "must be 0 unless the phase is Bound"))
		}
	}
	return errs
}
