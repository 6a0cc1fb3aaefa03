package topology

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// Site is a place that has capacity.
type Site struct {
	metav1.TypeMeta
	metav1.ObjectMeta

	// Spec is what the site is.
	Spec SiteSpec
	// Status is how the site is; only the status subresource changes it.
	Status SiteStatus
}

// SiteSpec is what a Site is.
type SiteSpec struct {
	// Region names the region that the site is in, as a DNS-1123 label. It never changes.
	Region string
	// Coordinates are where the site is, nil when that is not known. Once known they never change.
	Coordinates *SiteCoordinates
	// Capacity is what the site has.
	Capacity SiteCapacity
	// AllocationPolicy says which Reservations get slots first. Never empty: the versions default it, each in its way.
	AllocationPolicy AllocationPolicy
}

// SiteCoordinates are a point on the Earth (WGS 84), in decimal degrees as people write them.
type SiteCoordinates struct {
	// Latitude is from -90 to 90.
	Latitude string
	// Longitude is from -180 to 180.
	Longitude string
}

// SiteCapacity is the capacity of a Site.
type SiteCapacity struct {
	// Slots is the number of slots, 1 to 100000.
	Slots int32
	// ReservedSlots is how many of them nobody can hold, fewer than Slots.
	ReservedSlots int32
}

// AllocationPolicy is an order in which Reservations get slots.
type AllocationPolicy string

// The policies.
const (
	// AllocateByAge: the oldest first.
	AllocateByAge AllocationPolicy = "ByAge"
	// AllocateByPriority: those of the highest priority first, and of these the oldest.
	AllocateByPriority AllocationPolicy = "ByPriority"
)

// SiteStatus is how a Site is.
type SiteStatus struct {
	// ObservedGeneration is the metadata.generation that the rest of the status was computed from.
	ObservedGeneration int64
	// Phase says in one word where the Site is in its life.
	Phase SitePhase
	// Conditions are the details, one for each type.
	Conditions []metav1.Condition
}

// SitePhase is a step in the life of a Site.
type SitePhase string

// The phases. A Site starts as Pending.
const (
	// SitePending: the site is not in use yet.
	SitePending SitePhase = "Pending"
	// SiteOnline: the site gives out slots.
	SiteOnline SitePhase = "Online"
	// SiteOffline: the site was in use and is away.
	SiteOffline SitePhase = "Offline"
)

// SiteConditionReady is the type of the condition that is True while the site gives out slots.
const SiteConditionReady = "Ready"

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// SiteList is a list of Sites.
type SiteList struct {
	metav1.TypeMeta
	metav1.ListMeta

	Items []Site
}
