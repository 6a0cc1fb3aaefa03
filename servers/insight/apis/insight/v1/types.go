package v1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// +genclient
// +genclient:nonNamespaced
// +genclient:onlyVerbs=get,list
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// SiteUsage is how the slots of a Site are used by the Reservations of all namespaces. There is one for every Site. It is
// computed when it is asked for, from the Sites and Reservations as their servers tell them to this one, which lags by
// milliseconds, or by 45 seconds at most while a connection to them is dead without having been closed. When it is known to
// be broken, there is no answer rather than an old one: status 503. Since it is not stored, it has no uid and no resourceVersion,
// and can't be watched; lists come whole, whatever limit says.
type SiteUsage struct {
	metav1.TypeMeta `json:",inline"`
	// metadata has the name, the labels and the creationTimestamp of the Site.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty" protobuf:"bytes,1,opt,name=metadata"`

	// region is the Site's spec.region.
	// +optional
	// +k8s:optional
	Region string `json:"region,omitempty" protobuf:"bytes,2,opt,name=region"`

	// phase is the Site's status.phase: Pending, Online or Offline.
	// +optional
	// +k8s:optional
	Phase string `json:"phase,omitempty" protobuf:"bytes,3,opt,name=phase"`

	// slots are what the Site has, and what is left of it.
	// +required
	Slots SiteSlots `json:"slots" protobuf:"bytes,4,opt,name=slots"`

	// reservations are those of all namespaces that name the Site, together.
	// +required
	Reservations ReservedSlots `json:"reservations" protobuf:"bytes,5,opt,name=reservations"`

	// priorities are the same Reservations by their priority, the highest first. A priority that none of them has is left
	// out.
	// +optional
	// +listType=map
	// +listMapKey=priority
	// +k8s:optional
	Priorities []PriorityUsage `json:"priorities,omitempty" protobuf:"bytes,6,rep,name=priorities"`
}

// SiteSlots are the slots of a Site.
type SiteSlots struct {
	// total is how many slots the Site has: its spec.capacity.slots.
	// +required
	Total int32 `json:"total" protobuf:"varint,1,opt,name=total"`

	// reserved is how many of them are kept back for the Site itself: its spec.capacity.reservedSlots.
	// +required
	Reserved int32 `json:"reserved" protobuf:"varint,2,opt,name=reserved"`

	// free is how many of the others are held by no Reservation, whatever the Site's phase. It is below 0 while more are held
	// than the Site has, as after it has lost some.
	// +required
	Free int64 `json:"free" protobuf:"varint,3,opt,name=free"`
}

// ReservedSlots are Reservations and the slots of theirs. Reservations that are Released don't count.
type ReservedSlots struct {
	// count is the number of Reservations.
	// +required
	Count int64 `json:"count" protobuf:"varint,1,opt,name=count"`

	// requested is the number of slots that they ask for: the sum of their spec.slots.
	// +required
	Requested int64 `json:"requested" protobuf:"varint,2,opt,name=requested"`

	// bound is the number of slots that they hold: the sum of their status.boundSlots.
	// +required
	Bound int64 `json:"bound" protobuf:"varint,3,opt,name=bound"`
}

// PriorityUsage are the Reservations of one priority.
type PriorityUsage struct {
	// priority is that of the Reservations, as in version v1 of capacity.example.com.
	// +required
	// +k8s:required
	Priority Priority `json:"priority" protobuf:"bytes,1,opt,name=priority,casttype=Priority"`

	// reservations are all of this priority that name the Site, together.
	// +required
	Reservations ReservedSlots `json:"reservations" protobuf:"bytes,2,opt,name=reservations"`
}

// Priority ranks Reservations of the same Site.
// +enum
// +k8s:enum
type Priority string

const (
	// PriorityLow is served last, and loses its slots first.
	PriorityLow Priority = "Low"
	// PriorityNormal is the default.
	PriorityNormal Priority = "Normal"
	// PriorityHigh is served first, and loses its slots last.
	PriorityHigh Priority = "High"
)

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// SiteUsageList is a list of SiteUsages.
type SiteUsageList struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard list metadata. It has no resourceVersion.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty" protobuf:"bytes,1,opt,name=metadata"`

	// items are the SiteUsages.
	Items []SiteUsage `json:"items" protobuf:"bytes,2,rep,name=items"`
}

// +genclient
// +genclient:nonNamespaced
// +genclient:onlyVerbs=create
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// UsageReview asks whether a Site has slots for one more Reservation now. Create one, and the answer is in its status, as with a
// SubjectAccessReview: nothing is stored, and nothing is held for who asks. The answer is computed from what SiteUsage shows.
type UsageReview struct {
	metav1.TypeMeta `json:",inline"`
	// metadata must be empty.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty" protobuf:"bytes,1,opt,name=metadata"`

	// spec is the question: what the Reservation would ask for.
	// +required
	Spec UsageReviewSpec `json:"spec" protobuf:"bytes,2,opt,name=spec"`

	// status is the answer. The server fills it in, whatever was sent.
	// +optional
	Status UsageReviewStatus `json:"status,omitempty" protobuf:"bytes,3,opt,name=status"`
}

// UsageReviewSpec is what a Reservation would ask for.
type UsageReviewSpec struct {
	// siteName is the name of the Site, a DNS-1123 subdomain.
	// +required
	// +k8s:required
	// +k8s:format=k8s-long-name
	SiteName string `json:"siteName" protobuf:"bytes,1,opt,name=siteName"`

	// slots is the number of slots, from 1 to 100000.
	// +required
	// +k8s:required
	// +k8s:minimum=1
	// +k8s:maximum=100000
	Slots int32 `json:"slots" protobuf:"varint,2,opt,name=slots"`

	// priority is that of the Reservation. Where the Site's allocationPolicy is ByPriority, it would get slots that
	// Reservations of lower priority hold.
	// +optional
	// +k8s:optional
	// +default="Normal"
	Priority Priority `json:"priority,omitempty" protobuf:"bytes,3,opt,name=priority,casttype=Priority"`
}

// UsageReviewStatus is whether the slots are there.
type UsageReviewStatus struct {
	// fits is true when the Site is Online, and freeSlots and reclaimableSlots together are enough.
	// +optional
	// +k8s:optional
	Fits bool `json:"fits" protobuf:"varint,1,opt,name=fits"`

	// freeSlots is the number of slots of the Site that nobody holds and that it does not keep for itself; 0 at least.
	// +optional
	// +k8s:optional
	FreeSlots int64 `json:"freeSlots" protobuf:"varint,2,opt,name=freeSlots"`

	// reclaimableSlots is the number of slots that Reservations of lower priority hold. It is 0 where the Site's
	// allocationPolicy is ByAge, by which nobody loses slots to a newcomer.
	// +optional
	// +k8s:optional
	ReclaimableSlots int64 `json:"reclaimableSlots" protobuf:"varint,3,opt,name=reclaimableSlots"`

	// reason is why it fits or not, in one word.
	// +optional
	// +k8s:optional
	Reason UsageReviewReason `json:"reason,omitempty" protobuf:"bytes,4,opt,name=reason,casttype=UsageReviewReason"`

	// message is the same for people to read.
	// +optional
	// +k8s:optional
	Message string `json:"message,omitempty" protobuf:"bytes,5,opt,name=message"`
}

// UsageReviewReason is why a Reservation would fit or not.
// +enum
// +k8s:enum
type UsageReviewReason string

const (
	// ReasonFree means that it fits: enough slots are free.
	ReasonFree UsageReviewReason = "Free"
	// ReasonReclaimable means that it fits: enough slots are free, or would be taken from Reservations of lower priority.
	ReasonReclaimable UsageReviewReason = "Reclaimable"
	// ReasonTooFewSlots means that it does not fit.
	ReasonTooFewSlots UsageReviewReason = "TooFewSlots"
	// ReasonNotOnline means that it does not fit, because the Site is not Online.
	ReasonNotOnline UsageReviewReason = "NotOnline"
	// ReasonNoSuchSite means that it does not fit, because there is no Site of this name.
	ReasonNoSuchSite UsageReviewReason = "NoSuchSite"
)
