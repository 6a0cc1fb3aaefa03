package v1beta1

import (
	"strconv"

	"k8s.io/apimachinery/pkg/conversion"

	"example.com/annex/servers/capacity/apis/capacity"
)

// What generated code can't convert. Each pair of functions is the other's inverse for all values that are valid, so that
// an object can be read and written in any version without loss:
//
//	v1beta1                       internal, and v1
//	spec.siteRef.name             spec.siteName
//	spec.request.slots            spec.slots
//	spec.request.priority 0 1 2   spec.priority Low Normal High
//	status.heldSlots              status.boundSlots

// Convert_v1beta1_ReservationSpec_To_capacity_ReservationSpec takes the fields out of siteRef and request.
func Convert_v1beta1_ReservationSpec_To_capacity_ReservationSpec(in *ReservationSpec, out *capacity.ReservationSpec, s conversion.Scope) error {
	if err := autoConvert_v1beta1_ReservationSpec_To_capacity_ReservationSpec(in, out, s); err != nil {
		return err
	}
	out.SiteName = in.SiteRef.Name
	out.Slots = in.Request.Slots
	out.Priority = priorityName(in.Request.Priority)
	return nil
}

// Convert_capacity_ReservationSpec_To_v1beta1_ReservationSpec puts the fields into siteRef and request.
func Convert_capacity_ReservationSpec_To_v1beta1_ReservationSpec(in *capacity.ReservationSpec, out *ReservationSpec, s conversion.Scope) error {
	if err := autoConvert_capacity_ReservationSpec_To_v1beta1_ReservationSpec(in, out, s); err != nil {
		return err
	}
	out.SiteRef = SiteReference{Name: in.SiteName}
	out.Request = ReservationRequest{Slots: in.Slots, Priority: priorityNumber(in.Priority)}
	return nil
}

// priorities are the names by their numbers.
var priorities = []capacity.ReservationPriority{
	PriorityLow:    capacity.PriorityLow,
	PriorityNormal: capacity.PriorityNormal,
	PriorityHigh:   capacity.PriorityHigh,
}

// priorityName is the name of a number. A number without a name becomes its digits, for validation to refuse.
func priorityName(number *int32) capacity.ReservationPriority {
	switch {
	case number == nil:
		return ""
	case *number < 0 || int(*number) >= len(priorities):
		return capacity.ReservationPriority(strconv.Itoa(int(*number)))
	}
	return priorities[*number]
}

// priorityNumber is the number of a name. What priorityName did not make becomes -1, which validation refuses.
func priorityNumber(name capacity.ReservationPriority) *int32 {
	if name == "" {
		return nil
	}
	for number, known := range priorities {
		if name == known {
			return new(int32(number))
		}
	}
	number, err := strconv.ParseInt(string(name), 10, 32)
	if err != nil {
		number = -1
	}
	return new(int32(number))
}

// Convert_v1beta1_ReservationStatus_To_capacity_ReservationStatus renames the held slots.
func Convert_v1beta1_ReservationStatus_To_capacity_ReservationStatus(in *ReservationStatus, out *capacity.ReservationStatus, s conversion.Scope) error {
	out.BoundSlots = in.HeldSlots
	return autoConvert_v1beta1_ReservationStatus_To_capacity_ReservationStatus(in, out, s)
}

// Convert_capacity_ReservationStatus_To_v1beta1_ReservationStatus renames the bound slots.
func Convert_capacity_ReservationStatus_To_v1beta1_ReservationStatus(in *capacity.ReservationStatus, out *ReservationStatus, s conversion.Scope) error {
	out.HeldSlots = in.BoundSlots
	return autoConvert_capacity_ReservationStatus_To_v1beta1_ReservationStatus(in, out, s)
}
