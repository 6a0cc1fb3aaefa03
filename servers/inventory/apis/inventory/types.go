package inventory

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// Machine is a machine of a team: a row of the CMDB's table.
type Machine struct {
	metav1.TypeMeta
	metav1.ObjectMeta

	// Spec is what the machine is.
	Spec MachineSpec
	// Status is how the machine is; only the CMDB and the status subresource change it.
	Status MachineStatus
}

// MachineSpec is what a Machine is.
type MachineSpec struct {
	// AssetTag is on the machine's label; no other has it. Empty if there is none yet.
	AssetTag string
	// SiteCode is the code of a site that the CMDB knows.
	SiteCode string
	// Position is where it stands in the site.
	Position MachinePosition
	// Cores is the number of its cores, at least 1.
	Cores int32
	// MemoryMiB is how much memory it has, in MiB, at least 1.
	MemoryMiB int64
	// Lifecycle is where the machine is in its life. Never empty: the versions default it, each in its way.
	Lifecycle MachineLifecycle
	// PurchasedOn is a date, such as 2026-01-31.
	PurchasedOn string
	// MonthlyCost is an amount of money, such as 120.50.
	MonthlyCost string
	// Description is for people. The CMDB does not know it.
	Description string
}

// MachinePosition is a place in a site.
type MachinePosition struct {
	// Rack names the rack.
	Rack string
	// Unit is the place in the rack, 1 to 48; 0 if it has none.
	Unit int32
}

// MachineLifecycle is a step in the life of a Machine.
type MachineLifecycle string

// The steps.
const (
	// MachineOrdered: it is not there yet.
	MachineOrdered MachineLifecycle = "Ordered"
	// MachineInService: it works.
	MachineInService MachineLifecycle = "InService"
	// MachineMaintenance: it is worked on.
	MachineMaintenance MachineLifecycle = "Maintenance"
	// MachineRetired: it is of no more use.
	MachineRetired MachineLifecycle = "Retired"
)

// MachineStatus is how a Machine is.
type MachineStatus struct {
	// Number is the CMDB's own for the machine.
	Number int64
	// LastSeenTime is when the CMDB heard of it last; nil if it never did.
	LastSeenTime *metav1.Time
	// ObservedGeneration is the metadata.generation that the conditions were computed from.
	ObservedGeneration int64
	// Conditions are the details, one for each type.
	Conditions []metav1.Condition
}

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// MachineList is a list of Machines.
type MachineList struct {
	metav1.TypeMeta
	metav1.ListMeta

	Items []Machine
}
