package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// +genclient
// +genclient:nonNamespaced
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
// +k8s:supportsSubresource="/status"

// Site is a place that has capacity. It belongs to the whole cluster. It starts out Pending, and is Online and Offline in turn
// as its operators take it into use and out of it.
type Site struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata. More:
	// https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty" protobuf:"bytes,1,opt,name=metadata"`

	// spec is what the site is.
	// +required
	Spec SiteSpec `json:"spec" protobuf:"bytes,2,opt,name=spec"`

	// status is how the site is. The server sets it to Pending on creation; afterwards it changes only through the status
	// subresource.
	// +optional
	Status SiteStatus `json:"status,omitempty" protobuf:"bytes,3,opt,name=status"`
}

// SiteSpec is what a Site is.
type SiteSpec struct {
	// region names the region that the site is in. It must be a DNS-1123 label: at most 63 lower case letters, digits and '-',
	// beginning and ending with a letter or digit. It can't be changed: sites don't move.
	// +required
	// +k8s:required
	// +k8s:immutable
	// +k8s:format=k8s-short-name
	Region string `json:"region" protobuf:"bytes,1,opt,name=region"`

	// coordinates are where on the Earth (WGS 84) the site is: latitude and longitude in decimal degrees with a comma between
	// them, each with at most 6 digits after the point: "52.3547,4.8339". They can be given later, but not be changed or taken
	// away once they were given.
	// +optional
	// +k8s:optional
	// +k8s:maxLength=64
	// +k8s:update=NoModify
	// +k8s:update=NoUnset
	Coordinates string `json:"coordinates,omitempty" protobuf:"bytes,2,opt,name=coordinates"`

	// slots is the number of slots that the site has, from 1 to 100000.
	// +required
	// +k8s:required
	// +k8s:minimum=1
	// +k8s:maximum=100000
	Slots int32 `json:"slots" protobuf:"varint,3,opt,name=slots"`

	// reservedSlots is how many of the slots are kept back for the site itself; fewer than slots.
	// +optional
	// +k8s:optional
	// +k8s:minimum=0
	ReservedSlots int32 `json:"reservedSlots,omitempty" protobuf:"varint,4,opt,name=reservedSlots"`

	// allocationPolicy says which Reservations get slots first when there are too few: those of the highest priority
	// (ByPriority), or the oldest (ByAge).
	// +optional
	// +k8s:optional
	// +default="ByAge"
	AllocationPolicy AllocationPolicy `json:"allocationPolicy,omitempty" protobuf:"bytes,5,opt,name=allocationPolicy,casttype=AllocationPolicy"`
}

// AllocationPolicy is an order in which Reservations get slots.
// +enum
// +k8s:enum
type AllocationPolicy string

const (
	// AllocateByAge gives slots to the oldest Reservation first. It is the default.
	AllocateByAge AllocationPolicy = "ByAge"
	// AllocateByPriority gives slots to the Reservations of the highest priority first, and of these to the oldest.
	AllocateByPriority AllocationPolicy = "ByPriority"
)

// SiteStatus is how a Site is.
type SiteStatus struct {
	// observedGeneration is the metadata.generation that the other fields of status were computed from. While it is lower than
	// metadata.generation, they describe an earlier spec.
	// +optional
	// +k8s:optional
	// +k8s:minimum=0
	ObservedGeneration int64 `json:"observedGeneration,omitempty" protobuf:"varint,1,opt,name=observedGeneration"`

	// state says in one word where the Site is in its life.
	// +optional
	// +k8s:optional
	// +k8s:update=NoUnset
	State SiteState `json:"state,omitempty" protobuf:"bytes,2,opt,name=state,casttype=SiteState"`

	// conditions are the details. "Ready" is True while the site gives out slots, which it does only while it is Online; its
	// reason says why not otherwise.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +k8s:optional
	Conditions []metav1.Condition `json:"conditions,omitempty" protobuf:"bytes,3,rep,name=conditions"`
}

// SiteState is a step in the life of a Site.
// +enum
// +k8s:enum
type SiteState string

const (
	// SitePending means that the site was not taken into use yet.
	SitePending SiteState = "Pending"
	// SiteOnline means that the site is in use.
	SiteOnline SiteState = "Online"
	// SiteOffline means that the site was in use, and is not now.
	SiteOffline SiteState = "Offline"
)

// SiteConditionReady is the type of the condition that is True while the site gives out slots.
const SiteConditionReady = "Ready"

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// SiteList is a list of Sites.
type SiteList struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard list metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty" protobuf:"bytes,1,opt,name=metadata"`

	// items are the Sites.
	Items []Site `json:"items" protobuf:"bytes,2,rep,name=items"`
}
