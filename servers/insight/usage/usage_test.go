package usage

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	capacityv1 "example.com/annex/servers/capacity/apis/capacity/v1"
	"example.com/annex/servers/insight/apis/insight"
	topologyv1 "example.com/annex/servers/topology/apis/topology/v1"
)

// sample is a Site with 10 slots, of which it keeps 2.
func sample(policy topologyv1.AllocationPolicy, reservations ...*capacityv1.Reservation) site {
	return site{
		Site: &topologyv1.Site{
			ObjectMeta: metav1.ObjectMeta{Name: "a", UID: "b", ResourceVersion: "3", Labels: map[string]string{"c": "d"}, Annotations: map[string]string{"e": "f"}},
			Spec: topologyv1.SiteSpec{
				Region: "eu-west", Capacity: topologyv1.SiteCapacity{Slots: 10, ReservedSlots: 2}, AllocationPolicy: policy,
			},
			Status: topologyv1.SiteStatus{Phase: topologyv1.SiteOnline},
		},
		reservations: reservations,
	}
}

func reservation(phase capacityv1.ReservationPhase, priority capacityv1.ReservationPriority, slots, bound int32) *capacityv1.Reservation {
	return &capacityv1.Reservation{
		Spec:   capacityv1.ReservationSpec{SiteName: "a", Slots: slots, Priority: priority},
		Status: capacityv1.ReservationStatus{Phase: phase, BoundSlots: bound},
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	got := sample(topologyv1.AllocateByAge,
		reservation(capacityv1.ReservationBound, capacityv1.PriorityLow, 4, 3),
		reservation(capacityv1.ReservationPending, capacityv1.PriorityHigh, 5, 0),
		reservation(capacityv1.ReservationBound, capacityv1.PriorityLow, 6, 6),
		reservation(capacityv1.ReservationReleased, capacityv1.PriorityNormal, 100, 0),
		reservation(capacityv1.ReservationBound, "Urgent", 1, 1),
	).usage()
	want := &insight.SiteUsage{
		ObjectMeta:   metav1.ObjectMeta{Name: "a", Labels: map[string]string{"c": "d"}},
		Region:       "eu-west",
		Phase:        "Online",
		Slots:        insight.SiteSlots{Total: 10, Reserved: 2, Free: -2},
		Reservations: insight.ReservedSlots{Count: 4, Requested: 16, Bound: 10},
		Priorities: []insight.PriorityUsage{
			{Priority: insight.PriorityHigh, Reservations: insight.ReservedSlots{Count: 1, Requested: 5}},
			{Priority: insight.PriorityLow, Reservations: insight.ReservedSlots{Count: 2, Requested: 10, Bound: 9}},
			{Priority: "Urgent", Reservations: insight.ReservedSlots{Count: 1, Requested: 1, Bound: 1}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestUsageDoesNotShare: what is returned may be changed, and what the reflectors have may not.
func TestUsageDoesNotShare(t *testing.T) {
	t.Parallel()
	s := sample(topologyv1.AllocateByAge)
	s.usage().Labels["c"] = "changed"
	if s.Labels["c"] != "d" {
		t.Error("the Site's labels are those of its usage")
	}
}

func TestReview(t *testing.T) {
	t.Parallel()
	low, high := reservation(capacityv1.ReservationBound, capacityv1.PriorityLow, 3, 3), reservation(capacityv1.ReservationBound, capacityv1.PriorityHigh, 2, 2)
	more := reservation(capacityv1.ReservationBound, capacityv1.PriorityHigh, 5, 5)
	for name, tc := range map[string]struct {
		site  site
		asked insight.UsageReviewSpec
		want  insight.UsageReviewStatus
	}{
		"free": {
			sample(topologyv1.AllocateByPriority, low, high), insight.UsageReviewSpec{Slots: 3, Priority: insight.PriorityNormal},
			insight.UsageReviewStatus{Fits: true, FreeSlots: 3, ReclaimableSlots: 3, Reason: insight.ReasonFree},
		},
		"reclaimable": {
			sample(topologyv1.AllocateByPriority, low, high), insight.UsageReviewSpec{Slots: 6, Priority: insight.PriorityNormal},
			insight.UsageReviewStatus{Fits: true, FreeSlots: 3, ReclaimableSlots: 3, Reason: insight.ReasonReclaimable},
		},
		"too few": {
			sample(topologyv1.AllocateByPriority, low, high), insight.UsageReviewSpec{Slots: 7, Priority: insight.PriorityHigh},
			insight.UsageReviewStatus{FreeSlots: 3, ReclaimableSlots: 3, Reason: insight.ReasonTooFewSlots},
		},
		"the same priority loses nothing": {
			sample(topologyv1.AllocateByPriority, low, high), insight.UsageReviewSpec{Slots: 4, Priority: insight.PriorityLow},
			insight.UsageReviewStatus{FreeSlots: 3, Reason: insight.ReasonTooFewSlots},
		},
		"by age nobody does": {
			sample(topologyv1.AllocateByAge, low, high), insight.UsageReviewSpec{Slots: 4, Priority: insight.PriorityHigh},
			insight.UsageReviewStatus{FreeSlots: 3, Reason: insight.ReasonTooFewSlots},
		},
		"more held than there is": { // 2 of the 3 that are reclaimable are missing already.
			sample(topologyv1.AllocateByPriority, low, high, more), insight.UsageReviewSpec{Slots: 2, Priority: insight.PriorityNormal},
			insight.UsageReviewStatus{ReclaimableSlots: 1, Reason: insight.ReasonTooFewSlots},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := tc.site.review(tc.asked)
			if got.Message == "" {
				t.Error("there is no message")
			}
			got.Message = ""
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestReviewOfASiteThatIsNotOnline(t *testing.T) {
	t.Parallel()
	s := sample(topologyv1.AllocateByAge)
	s.Status.Phase = topologyv1.SiteOffline
	if got := s.review(insight.UsageReviewSpec{Slots: 1}); got.Fits || got.Reason != insight.ReasonNotOnline || got.FreeSlots != 8 {
		t.Errorf("got %+v", got)
	}
}
