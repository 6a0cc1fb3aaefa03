package v1beta1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// +genclient
// +genclient:method=GetScale,verb=get,subresource=scale,result=k8s.io/api/autoscaling/v1.Scale
// +genclient:method=UpdateScale,verb=update,subresource=scale,input=k8s.io/api/autoscaling/v1.Scale,result=k8s.io/api/autoscaling/v1.Scale
// +genclient:method=ApplyScale,verb=apply,subresource=scale,input=k8s.io/api/autoscaling/v1.Scale,result=k8s.io/api/autoscaling/v1.Scale
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
// +k8s:supportsSubresource="/scale"
// +k8s:supportsSubresource="/status"

// Reservation holds a number of slots of capacity at a site for the namespace that it is in. It starts out Pending, becomes
// Bound when the site has given it slots, and is Released when it has given them back for good.
type Reservation struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata. More:
	// https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty" protobuf:"bytes,1,opt,name=metadata"`

	// spec is what is asked for, and where.
	// +required
	Spec ReservationSpec `json:"spec" protobuf:"bytes,2,opt,name=spec"`

	// status is what is held. The server sets it to Pending on creation; afterwards it changes only through the status
	// subresource.
	// +optional
	Status ReservationStatus `json:"status,omitempty" protobuf:"bytes,3,opt,name=status"`
}

// ReservationSpec is what a Reservation asks for, and where.
type ReservationSpec struct {
	// siteRef refers to the site at which capacity is reserved. It can't be changed: delete the Reservation and create another
	// to move to another site.
	// +required
	SiteRef SiteReference `json:"siteRef" protobuf:"bytes,1,opt,name=siteRef"`

	// request is what is asked of the site.
	// +required
	Request ReservationRequest `json:"request" protobuf:"bytes,2,opt,name=request"`

	// selector selects the pods, in the Reservation's namespace, that use the slots. Autoscalers go by the metrics of these
	// pods: a HorizontalPodAutoscaler of a Reservation without a selector does not get further than its minimum. An empty
	// selector would select all pods, and is not allowed.
	// +optional
	// +k8s:optional
	Selector *metav1.LabelSelector `json:"selector,omitempty" protobuf:"bytes,3,opt,name=selector"`
}

// SiteReference refers to a site.
type SiteReference struct {
	// name is the site's name. It must be a DNS-1123 subdomain: at most 253 lower case letters, digits, '-' and '.', beginning
	// and ending with a letter or digit.
	// +required
	// +k8s:required
	// +k8s:immutable
	// +k8s:format=k8s-long-name
	Name string `json:"name" protobuf:"bytes,1,opt,name=name"`
}

// ReservationRequest is what a Reservation asks of its site.
type ReservationRequest struct {
	// slots is the number of slots to hold, from 1 to 100000. It can be raised and lowered while the Reservation is not
	// Released.
	// +required
	// +k8s:required
	// +k8s:minimum=1
	// +k8s:maximum=100000
	Slots int32 `json:"slots" protobuf:"varint,1,opt,name=slots"`

	// priority ranks the Reservation among those of the same site, from 0 (low) over 1 (normal) to 2 (high): slots go to the
	// highest first, and when a site loses slots they are taken from the lowest first.
	// +optional
	// +k8s:optional
	// +k8s:minimum=0
	// +k8s:maximum=2
	// +default=0
	Priority *int32 `json:"priority,omitempty" protobuf:"varint,2,opt,name=priority"`
}

// The priorities.
const (
	// PriorityLow is served last, and loses its slots first. It is the default.
	PriorityLow int32 = 0
	// PriorityNormal is between the two.
	PriorityNormal int32 = 1
	// PriorityHigh is served first, and loses its slots last.
	PriorityHigh int32 = 2
)

// ReservationStatus is what a Reservation holds.
type ReservationStatus struct {
	// observedGeneration is the metadata.generation that the other fields of status were computed from. While it is lower than
	// metadata.generation, they describe an earlier spec.
	// +optional
	// +k8s:optional
	// +k8s:minimum=0
	ObservedGeneration int64 `json:"observedGeneration,omitempty" protobuf:"varint,1,opt,name=observedGeneration"`

	// phase says in one word where the Reservation is in its life.
	// +optional
	// +k8s:optional
	// +k8s:update=NoUnset
	Phase ReservationPhase `json:"phase,omitempty" protobuf:"bytes,2,opt,name=phase,casttype=ReservationPhase"`

	// heldSlots is the number of slots held now: 0 unless the phase is Bound, and at most spec.request.slots in the status of
	// the latest generation.
	// +optional
	// +k8s:optional
	// +k8s:minimum=0
	// +k8s:maximum=100000
	HeldSlots int32 `json:"heldSlots,omitempty" protobuf:"varint,3,opt,name=heldSlots"`

	// conditions are the details. "Bound" is True while all of spec.request.slots are held; its reason says what is missing
	// otherwise.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +k8s:optional
	Conditions []metav1.Condition `json:"conditions,omitempty" protobuf:"bytes,4,rep,name=conditions"`
}

// ReservationPhase is a step in the life of a Reservation.
// +enum
// +k8s:enum
type ReservationPhase string

const (
	// ReservationPending means that no slot is held: none was given yet, or all were taken for something of higher priority.
	ReservationPending ReservationPhase = "Pending"
	// ReservationBound means that slots are held; status.heldSlots says how many.
	ReservationBound ReservationPhase = "Bound"
	// ReservationReleased means that all slots were given back. It is final.
	ReservationReleased ReservationPhase = "Released"
)

// ReservationConditionBound is the type of the condition that is True while all of spec.request.slots are held.
const ReservationConditionBound = "Bound"

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// ReservationList is a list of Reservations.
type ReservationList struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard list metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty" protobuf:"bytes,1,opt,name=metadata"`

	// items are the Reservations.
	Items []Reservation `json:"items" protobuf:"bytes,2,rep,name=items"`
}

// +k8s:conversion-gen:explicit-from=net/url.Values
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// ReservationLogOptions are the query parameters of reservations/log. Each means what it does for the log of a pod.
type ReservationLogOptions struct {
	metav1.TypeMeta `json:",inline"`

	// follow keeps the log open: what happens to the Reservation from now on is added as it happens, until it is deleted.
	// +optional
	Follow bool `json:"follow,omitempty" protobuf:"varint,1,opt,name=follow"`

	// sinceSeconds leaves out what happened more than so many seconds ago; at least 1. Not together with sinceTime.
	// +optional
	SinceSeconds *int64 `json:"sinceSeconds,omitempty" protobuf:"varint,2,opt,name=sinceSeconds"`

	// sinceTime leaves out what happened before, as an RFC 3339 timestamp. Not together with sinceSeconds.
	// +optional
	SinceTime *metav1.Time `json:"sinceTime,omitempty" protobuf:"bytes,3,opt,name=sinceTime"`

	// timestamps begins each line with its time, as an RFC 3339 timestamp.
	// +optional
	Timestamps bool `json:"timestamps,omitempty" protobuf:"varint,4,opt,name=timestamps"`

	// tailLines shows at most so many of the lines about what was before the request, the last ones. With 0, a log that is
	// followed begins with what happens next.
	// +optional
	TailLines *int64 `json:"tailLines,omitempty" protobuf:"varint,5,opt,name=tailLines"`

	// limitBytes ends the log after so many bytes, maybe in the middle of a line; at least 1.
	// +optional
	LimitBytes *int64 `json:"limitBytes,omitempty" protobuf:"varint,6,opt,name=limitBytes"`
}
