package v1alpha1

import (
	"strings"

	"k8s.io/apimachinery/pkg/conversion"

	"example.com/annex/servers/topology/apis/topology"
)

// What generated code can't convert. Each pair of functions is the other's inverse for all values that are valid, so that
// an object can be read and written in any version without loss:
//
//	v1alpha1                            internal, and v1
//	spec.coordinates "1,2"              spec.coordinates.latitude "1" and longitude "2"
//	spec.slots, spec.reservedSlots      spec.capacity.slots, spec.capacity.reservedSlots
//	status.state                        status.phase

// Convert_v1alpha1_SiteSpec_To_topology_SiteSpec splits the coordinates, and moves the slots into capacity.
func Convert_v1alpha1_SiteSpec_To_topology_SiteSpec(in *SiteSpec, out *topology.SiteSpec, s conversion.Scope) error {
	if err := autoConvert_v1alpha1_SiteSpec_To_topology_SiteSpec(in, out, s); err != nil {
		return err
	}
	out.Coordinates = nil
	if in.Coordinates != "" {
		// Without a comma the longitude is empty, which validation refuses.
		latitude, longitude, _ := strings.Cut(in.Coordinates, separator)
		out.Coordinates = &topology.SiteCoordinates{Latitude: latitude, Longitude: longitude}
	}
	out.Capacity = topology.SiteCapacity{Slots: in.Slots, ReservedSlots: in.ReservedSlots}
	return nil
}

// Convert_topology_SiteSpec_To_v1alpha1_SiteSpec joins the coordinates, and moves the slots out of capacity.
func Convert_topology_SiteSpec_To_v1alpha1_SiteSpec(in *topology.SiteSpec, out *SiteSpec, s conversion.Scope) error {
	if err := autoConvert_topology_SiteSpec_To_v1alpha1_SiteSpec(in, out, s); err != nil {
		return err
	}
	out.Coordinates = ""
	if c := in.Coordinates; c != nil {
		out.Coordinates = c.Latitude + separator + c.Longitude
	}
	out.Slots, out.ReservedSlots = in.Capacity.Slots, in.Capacity.ReservedSlots
	return nil
}

// separator is between latitude and longitude, and never in them.
const separator = ","

// Convert_v1alpha1_SiteStatus_To_topology_SiteStatus renames the state.
func Convert_v1alpha1_SiteStatus_To_topology_SiteStatus(in *SiteStatus, out *topology.SiteStatus, s conversion.Scope) error {
	out.Phase = topology.SitePhase(in.State)
	return autoConvert_v1alpha1_SiteStatus_To_topology_SiteStatus(in, out, s)
}

// Convert_topology_SiteStatus_To_v1alpha1_SiteStatus renames the phase.
func Convert_topology_SiteStatus_To_v1alpha1_SiteStatus(in *topology.SiteStatus, out *SiteStatus, s conversion.Scope) error {
	out.State = SiteState(in.Phase)
	return autoConvert_topology_SiteStatus_To_v1alpha1_SiteStatus(in, out, s)
}
