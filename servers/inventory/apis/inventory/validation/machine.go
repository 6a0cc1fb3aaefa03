package validation

import (
	"regexp"
	"strconv"
	"time"

	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"example.com/annex/servers/inventory/apis/inventory"
	"example.com/annex/shared/validation"
)

// maxHostname is the length of the CMDB's column.
const maxHostname = 63

// cost is an amount that the CMDB's column, numeric(10,2), holds as it is.
var cost = regexp.MustCompile(`^(0|[1-9][0-9]{0,7})(\.[0-9]{1,2})?$`)

// ValidateMachine checks a Machine that is created or updated by itself: its name is a host name, and its date and amount are
// such.
func ValidateMachine(m *inventory.Machine) field.ErrorList {
	errs := apivalidation.ValidateObjectMeta(&m.ObjectMeta, true, apivalidation.NameIsDNSSubdomain, field.NewPath("metadata"))
	if len(m.Name) > maxHostname {
		errs = append(errs, field.Invalid(field.NewPath("metadata", "name"), m.Name, "is a host name, of at most "+strconv.Itoa(maxHostname)+" characters"))
	}
	spec := field.NewPath("spec")
	if date := m.Spec.PurchasedOn; date != "" {
		if _, err := time.Parse(time.DateOnly, date); err != nil || date < "0001" {
			errs = append(errs, field.Invalid(spec.Child("purchasedOn"), date, "must be a date such as 2026-01-31"))
		}
	}
	if amount := m.Spec.MonthlyCost; amount != "" && !cost.MatchString(amount) {
		errs = append(errs, field.Invalid(spec.Child("monthlyCost"), amount, "must be an amount below 100000000 with at most 2 digits after the point, such as 120.50"))
	}
	return errs
}

// ValidateMachineStatusUpdate checks the step from old to m in an update of the status subresource: observedGeneration never goes
// back nor ahead of metadata.generation.
func ValidateMachineStatusUpdate(m, old *inventory.Machine) field.ErrorList {
	status := field.NewPath("status")
	errs := metav1validation.ValidateConditions(m.Status.Conditions, status.Child("conditions"))
	return append(errs, validation.ValidateObservedGeneration(m.Status.ObservedGeneration, old.Status.ObservedGeneration, m.Generation,
		status.Child("observedGeneration"))...)
}
