package insight

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// SiteUsage is how the slots of a Site are used. Its name, labels and creationTimestamp are the Site's.
type SiteUsage struct {
	metav1.TypeMeta
	metav1.ObjectMeta

	// Region and Phase are the Site's.
	Region, Phase string
	// Slots are what the Site has, and what is left.
	Slots SiteSlots
	// Reservations are those for the Site, all together.
	Reservations ReservedSlots
	// Priorities are the same Reservations by their priority, the highest first. There is none for a priority that no
	// Reservation has.
	Priorities []PriorityUsage
}

// SiteSlots are the slots of a Site.
type SiteSlots struct {
	// Total is how many it has, and Reserved how many of them it keeps for itself.
	Total, Reserved int32
	// Free is how many are left. It is below 0 while more are held than there are.
	Free int64
}

// ReservedSlots are Reservations and their slots. Reservations that are Released don't count.
type ReservedSlots struct {
	// Count is the number of Reservations.
	Count int64
	// Requested is the number of slots that they ask for, and Bound that of those that they hold.
	Requested, Bound int64
}

// PriorityUsage are the Reservations of one priority.
type PriorityUsage struct {
	// Priority is theirs, as in capacity.example.com/v1.
	Priority Priority
	// Reservations are they.
	Reservations ReservedSlots
}

// Priority ranks Reservations of one Site.
type Priority string

// The priorities, lowest first.
const (
	PriorityLow    Priority = "Low"
	PriorityNormal Priority = "Normal"
	PriorityHigh   Priority = "High"
)

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// SiteUsageList is a list of SiteUsages.
type SiteUsageList struct {
	metav1.TypeMeta
	metav1.ListMeta

	Items []SiteUsage
}

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// UsageReview asks whether a Site has slots for one more Reservation.
type UsageReview struct {
	metav1.TypeMeta
	metav1.ObjectMeta

	// Spec is the question.
	Spec UsageReviewSpec
	// Status is the answer.
	Status UsageReviewStatus
}

// UsageReviewSpec is what the Reservation would ask for.
type UsageReviewSpec struct {
	// SiteName names the Site, as a DNS-1123 subdomain.
	SiteName string
	// Slots is the number of slots, 1 to 100000.
	Slots int32
	// Priority is the Reservation's. Never empty: the versions default it.
	Priority Priority
}

// UsageReviewStatus is whether the slots are there.
type UsageReviewStatus struct {
	// Fits is true when they are.
	Fits bool
	// FreeSlots is how many are free, and not below 0.
	FreeSlots int64
	// ReclaimableSlots is how many more the Site would take from Reservations of lower priority.
	ReclaimableSlots int64
	// Reason is a word for why it fits or not, and Message says it to people.
	Reason  UsageReviewReason
	Message string
}

// UsageReviewReason is why a Reservation would fit or not.
type UsageReviewReason string

// The reasons.
const (
	// ReasonFree: enough slots are free.
	ReasonFree UsageReviewReason = "Free"
	// ReasonReclaimable: enough slots are free or reclaimable.
	ReasonReclaimable UsageReviewReason = "Reclaimable"
	// ReasonTooFewSlots: even both together are too few.
	ReasonTooFewSlots UsageReviewReason = "TooFewSlots"
	// ReasonNotOnline: the Site gives out no slots now.
	ReasonNotOnline UsageReviewReason = "NotOnline"
	// ReasonNoSuchSite: there is no Site of this name.
	ReasonNoSuchSite UsageReviewReason = "NoSuchSite"
)
