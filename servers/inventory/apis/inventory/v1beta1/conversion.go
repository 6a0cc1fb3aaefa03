package v1beta1

import (
	"k8s.io/apimachinery/pkg/conversion"

	"example.com/annex/servers/inventory/apis/inventory"
)

// What generated code can't convert. Each pair of functions is the other's inverse, so that an object can be read and written in
// any version without loss:
//
//	v1beta1                       internal, and v1
//	spec.site                     spec.siteCode
//	spec.rack, spec.rackUnit      spec.position.rack, spec.position.unit
//	spec.state                    spec.lifecycle
//	status.lastSeen               status.lastSeenTime

// Convert_v1beta1_MachineSpec_To_inventory_MachineSpec moves the rack into the position, and renames.
func Convert_v1beta1_MachineSpec_To_inventory_MachineSpec(in *MachineSpec, out *inventory.MachineSpec, s conversion.Scope) error {
	out.SiteCode = in.Site
	out.Position = inventory.MachinePosition{Rack: in.Rack, Unit: in.RackUnit}
	out.Lifecycle = inventory.MachineLifecycle(in.State)
	return autoConvert_v1beta1_MachineSpec_To_inventory_MachineSpec(in, out, s)
}

// Convert_inventory_MachineSpec_To_v1beta1_MachineSpec moves the rack out of the position, and renames.
func Convert_inventory_MachineSpec_To_v1beta1_MachineSpec(in *inventory.MachineSpec, out *MachineSpec, s conversion.Scope) error {
	out.Site = in.SiteCode
	out.Rack, out.RackUnit = in.Position.Rack, in.Position.Unit
	out.State = MachineState(in.Lifecycle)
	return autoConvert_inventory_MachineSpec_To_v1beta1_MachineSpec(in, out, s)
}

// Convert_v1beta1_MachineStatus_To_inventory_MachineStatus renames.
func Convert_v1beta1_MachineStatus_To_inventory_MachineStatus(in *MachineStatus, out *inventory.MachineStatus, s conversion.Scope) error {
	out.LastSeenTime = in.LastSeen
	return autoConvert_v1beta1_MachineStatus_To_inventory_MachineStatus(in, out, s)
}

// Convert_inventory_MachineStatus_To_v1beta1_MachineStatus renames.
func Convert_inventory_MachineStatus_To_v1beta1_MachineStatus(in *inventory.MachineStatus, out *MachineStatus, s conversion.Scope) error {
	out.LastSeen = in.LastSeenTime
	return autoConvert_inventory_MachineStatus_To_v1beta1_MachineStatus(in, out, s)
}
