package validation

import (
	"regexp"
	"strconv"

	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"example.com/annex/servers/topology/apis/topology"
	"example.com/annex/shared/validation"
)

// ValidateSite checks a Site that is created or updated by itself: its name must be a DNS-1123 subdomain, as Reservations name
// it; its coordinates must be numbers within their ranges; and some of its slots must be left for others.
func ValidateSite(s *topology.Site) field.ErrorList {
	errs := apivalidation.ValidateObjectMeta(&s.ObjectMeta, false, apivalidation.NameIsDNSSubdomain, field.NewPath("metadata"))
	spec := field.NewPath("spec")
	if c := s.Spec.Coordinates; c != nil {
		// Not required by tags in v1: that they are missing would be said twice.
		coordinates := spec.Child("coordinates")
		errs = append(errs, validateDegrees(c.Latitude, 90, coordinates.Child("latitude"), "latitude must be a decimal number from -90 to 90 with at most 6 digits after the point")...)
		errs = append(errs, validateDegrees(c.Longitude, 180, coordinates.Child("longitude"), "longitude must be a decimal number from -180 to 180 with at most 6 digits after the point")...)
	}
	// Without slots, only that needs to be said.
	if c := s.Spec.Capacity; c.Slots > 0 && c.ReservedSlots >= c.Slots {
		errs = append(errs, field.Invalid(spec.Child("capacity", "reservedSlots"), c.ReservedSlots,
			"must be lower than slots ("+strconv.Itoa(int(c.Slots))+")"))
	}
	return errs
}

// decimal is a number without exponent and leading zeros.
var decimal = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,2})(\.[0-9]{1,6})?$`)

func validateDegrees(value string, limit float64, path *field.Path, rule string) field.ErrorList {
	degrees, err := strconv.ParseFloat(value, 64)
	if err != nil || !decimal.MatchString(value) || degrees < -limit || degrees > limit {
		return field.ErrorList{field.Invalid(path, value, rule)}
	}
	return nil
}

// ValidateSiteStatusUpdate checks the step from old to s in an update of the status subresource: a Site that was in use is
// never Pending again, observedGeneration never goes back nor ahead of metadata.generation, and only an Online Site is Ready.
func ValidateSiteStatusUpdate(s, old *topology.Site) field.ErrorList {
	status := field.NewPath("status")
	// This checks that their types are unique too: with k8s:listType in the versions a duplicate would be reported twice.
	errs := metav1validation.ValidateConditions(s.Status.Conditions, status.Child("conditions"))
	errs = append(errs, validation.ValidateObservedGeneration(s.Status.ObservedGeneration, old.Status.ObservedGeneration, s.Generation,
		status.Child("observedGeneration"))...)
	if s.Status.Phase == topology.SitePending && old.Status.Phase != topology.SitePending && old.Status.Phase != "" {
		errs = append(errs, field.Forbidden(status.Child("phase"), "was "+string(old.Status.Phase)+", and can't be Pending again"))
	}
	for i, c := range s.Status.Conditions {
		if c.Type == topology.SiteConditionReady && c.Status == metav1.ConditionTrue && s.Status.Phase != topology.SiteOnline {
			errs = append(errs, field.Invalid(status.Child("conditions").Index(i).Child("status"), c.Status,
				"must not be True unless the Site is Online"))
		}
	}
	return errs
}
