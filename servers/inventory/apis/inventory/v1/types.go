package v1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// +genclient
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
// +k8s:supportsSubresource="/status"

// Machine is a machine of a team. It is a row of a table of the CMDB (configuration management database), which goes on writing
// it: its namespace is the team, its name the host name.
type Machine struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata. More:
	// https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty" protobuf:"bytes,1,opt,name=metadata"`

	// spec is what the machine is.
	// +required
	Spec MachineSpec `json:"spec" protobuf:"bytes,2,opt,name=spec"`

	// status is how the machine is. The CMDB changes it, and the status subresource.
	// +optional
	Status MachineStatus `json:"status,omitempty" protobuf:"bytes,3,opt,name=status"`
}

// MachineSpec is what a Machine is.
type MachineSpec struct {
	// assetTag is on the machine's label, at most 20 characters. No other machine has it, in no namespace.
	// +optional
	// +k8s:optional
	// +k8s:maxLength=20
	AssetTag string `json:"assetTag,omitempty" protobuf:"bytes,1,opt,name=assetTag"`

	// siteCode is the code of the site that the machine stands in: one that the CMDB knows.
	// +required
	// +k8s:required
	// +k8s:maxLength=10
	SiteCode string `json:"siteCode" protobuf:"bytes,2,opt,name=siteCode"`

	// position is where the machine stands in the site.
	// +optional
	Position MachinePosition `json:"position,omitempty" protobuf:"bytes,3,opt,name=position"`

	// cores is the number of cores, at least 1.
	// +required
	// +k8s:required
	// +k8s:minimum=1
	Cores int32 `json:"cores" protobuf:"varint,4,opt,name=cores"`

	// memoryMiB is how much memory the machine has, in MiB, at least 1.
	// +required
	// +k8s:required
	// +k8s:minimum=1
	MemoryMiB int64 `json:"memoryMiB" protobuf:"varint,5,opt,name=memoryMiB"`

	// lifecycle says where the machine is in its life.
	// +optional
	// +k8s:optional
	// +default="InService"
	Lifecycle MachineLifecycle `json:"lifecycle,omitempty" protobuf:"bytes,6,opt,name=lifecycle,casttype=MachineLifecycle"`

	// purchasedOn is the date on which the machine was bought: "2026-01-31".
	// +optional
	// +k8s:optional
	PurchasedOn string `json:"purchasedOn,omitempty" protobuf:"bytes,7,opt,name=purchasedOn"`

	// monthlyCost is what the machine costs a month, with at most 2 digits after the point: "120.50". It is a string, because numbers
	// with a fraction don't stay the same in all programs.
	// +optional
	// +k8s:optional
	MonthlyCost string `json:"monthlyCost,omitempty" protobuf:"bytes,8,opt,name=monthlyCost"`

	// description is for people. The CMDB does not know it.
	// +optional
	// +k8s:optional
	// +k8s:maxLength=1000
	Description string `json:"description,omitempty" protobuf:"bytes,9,opt,name=description"`
}

// MachinePosition is a place in a site. No two machines have the same.
type MachinePosition struct {
	// rack names the rack that the machine stands in.
	// +optional
	// +k8s:optional
	// +k8s:maxLength=20
	Rack string `json:"rack,omitempty" protobuf:"bytes,1,opt,name=rack"`

	// unit is the place in the rack, from 1 to 48, counted from below.
	// +optional
	// +k8s:optional
	// +k8s:minimum=1
	// +k8s:maximum=48
	Unit int32 `json:"unit,omitempty" protobuf:"varint,2,opt,name=unit"`
}

// MachineLifecycle is a step in the life of a Machine.
// +enum
// +k8s:enum
type MachineLifecycle string

const (
	// MachineOrdered means that the machine is not there yet.
	MachineOrdered MachineLifecycle = "Ordered"
	// MachineInService means that the machine works. It is the default.
	MachineInService MachineLifecycle = "InService"
	// MachineMaintenance means that the machine is worked on.
	MachineMaintenance MachineLifecycle = "Maintenance"
	// MachineRetired means that the machine is of no more use.
	MachineRetired MachineLifecycle = "Retired"
)

// MachineStatus is how a Machine is.
type MachineStatus struct {
	// number is the CMDB's own for the machine. The CMDB sets it.
	// +optional
	// +k8s:optional
	Number int64 `json:"number,omitempty" protobuf:"varint,1,opt,name=number"`

	// lastSeenTime is when the CMDB heard of the machine last. The CMDB sets it.
	// +optional
	// +k8s:optional
	LastSeenTime *metav1.Time `json:"lastSeenTime,omitempty" protobuf:"bytes,2,opt,name=lastSeenTime"`

	// observedGeneration is the metadata.generation that the conditions were computed from. While it is lower than
	// metadata.generation, they describe an earlier spec.
	// +optional
	// +k8s:optional
	// +k8s:minimum=0
	ObservedGeneration int64 `json:"observedGeneration,omitempty" protobuf:"varint,3,opt,name=observedGeneration"`

	// conditions are the details.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +k8s:optional
	Conditions []metav1.Condition `json:"conditions,omitempty" protobuf:"bytes,4,rep,name=conditions"`
}

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// MachineList is a list of Machines.
type MachineList struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard list metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty" protobuf:"bytes,1,opt,name=metadata"`

	// items are the Machines.
	Items []Machine `json:"items" protobuf:"bytes,2,rep,name=items"`
}
