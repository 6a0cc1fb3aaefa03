package capacity

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// Reservation holds slots of capacity at a site.
type Reservation struct {
	metav1.TypeMeta
	metav1.ObjectMeta

	// Spec is what is asked for.
	Spec ReservationSpec
	// Status is what is held; only the status subresource changes it.
	Status ReservationStatus
}

// ReservationSpec is what a Reservation asks for.
type ReservationSpec struct {
	// SiteName names the site, as a DNS-1123 subdomain. It never changes.
	SiteName string
	// Slots is the number of slots asked for, 1 to 100000.
	Slots int32
	// Priority ranks the Reservation among those of its site. Never empty: the versions default it.
	Priority ReservationPriority
	// Selector selects the pods that use the slots, nil when nobody said. Never empty.
	Selector *metav1.LabelSelector
}

// ReservationPriority ranks Reservations of one site.
type ReservationPriority string

// The priorities, lowest first.
const (
	PriorityLow    ReservationPriority = "Low"
	PriorityNormal ReservationPriority = "Normal"
	PriorityHigh   ReservationPriority = "High"
)

// ReservationStatus is what a Reservation holds.
type ReservationStatus struct {
	// ObservedGeneration is the metadata.generation that the rest of the status was computed from.
	ObservedGeneration int64
	// Phase says in one word where the Reservation is in its life.
	Phase ReservationPhase
	// BoundSlots is the number of slots held now. It may differ from Spec.Slots while a change of the spec is worked on.
	BoundSlots int32
	// Conditions are the details, one for each type.
	Conditions []metav1.Condition
}

// ReservationPhase is a step in the life of a Reservation.
type ReservationPhase string

// The phases. A Reservation starts as Pending, and stays Released once it is.
const (
	// ReservationPending: no slot is held yet, or none any more because something of higher priority took them.
	ReservationPending ReservationPhase = "Pending"
	// ReservationBound: slots are held.
	ReservationBound ReservationPhase = "Bound"
	// ReservationReleased: all slots were given back for good.
	ReservationReleased ReservationPhase = "Released"
)

// ReservationConditionBound is the type of the condition that is True while all slots asked for are held.
const ReservationConditionBound = "Bound"

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// ReservationList is a list of Reservations.
type ReservationList struct {
	metav1.TypeMeta
	metav1.ListMeta

	Items []Reservation
}

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// ReservationLogOptions are the query parameters of reservations/log: those of registry.LogOptions.
type ReservationLogOptions struct {
	metav1.TypeMeta

	Follow       bool
	SinceSeconds *int64
	SinceTime    *metav1.Time
	Timestamps   bool
	TailLines    *int64
	LimitBytes   *int64
}
