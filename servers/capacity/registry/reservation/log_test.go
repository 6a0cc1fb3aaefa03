package reservation

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"example.com/annex/servers/capacity/apis/capacity"
	"example.com/annex/shared/registry"
)

func TestLogOptions(t *testing.T) {
	t.Parallel()
	since := metav1.Unix(3, 0)
	got := log.Options(&capacity.ReservationLogOptions{
		Follow: true, SinceSeconds: new(int64(1)), SinceTime: &since, Timestamps: true, TailLines: new(int64(2)), LimitBytes: new(int64(4)),
	})
	want := registry.LogOptions{Follow: true, SinceSeconds: new(int64(1)), SinceTime: &since, Timestamps: true, TailLines: new(int64(2)), LimitBytes: new(int64(4))}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("options (-want +got):\n%s", diff)
	}
}

func TestDescribe(t *testing.T) {
	t.Parallel()
	r := sample()
	r.Status.Conditions = []metav1.Condition{{Type: "Bound", Status: metav1.ConditionFalse, Reason: "TooFew", Message: "2 slots are missing", LastTransitionTime: metav1.Unix(3, 0)}}
	want := []registry.LogLine{
		{Time: time.Unix(3, 0), Text: "condition Bound is False: TooFew: 2 slots are missing"},
		{Text: "Bound: holds 2 of 4 slots at ams-1, priority High"},
	}
	if diff := cmp.Diff(want, log.Describe(r)); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

func TestChanges(t *testing.T) {
	t.Parallel()
	condition := func(kind, reason, message string) metav1.Condition {
		return metav1.Condition{Type: kind, Status: metav1.ConditionFalse, Reason: reason, Message: message}
	}
	conditions := []metav1.Condition{condition("Bound", "TooFew", "1 is missing"), condition("Ready", "Soon", "")}
	for name, tc := range map[string]struct {
		change func(*capacity.Reservation)
		want   []string
	}{
		"nothing":  {func(*capacity.Reservation) {}, nil},
		"a label":  {func(r *capacity.Reservation) { r.Labels = map[string]string{"a": "b"} }, nil},
		"slots":    {func(r *capacity.Reservation) { r.Spec.Slots = 8 }, []string{"scaled from 4 to 8 slots"}},
		"priority": {func(r *capacity.Reservation) { r.Spec.Priority = capacity.PriorityLow }, []string{"priority High → Low"}},
		"selector": {
			func(r *capacity.Reservation) {
				r.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": "builds"}}
			},
			[]string{"selector <none> → app=builds"},
		},
		"status": {
			func(r *capacity.Reservation) { r.Status.Phase, r.Status.BoundSlots = capacity.ReservationReleased, 0 },
			[]string{"phase Bound → Released", "held slots 2 → 0"},
		},
		"the observed generation": {func(r *capacity.Reservation) { r.Status.ObservedGeneration++ }, nil},
		"conditions": {
			func(r *capacity.Reservation) {
				r.Status.Conditions = []metav1.Condition{condition("Bound", "TooFew", "2 are missing"), condition("Paid", "Late", "")}
			},
			[]string{"condition Bound is False: TooFew: 2 are missing", "condition Paid is False: Late", "condition Ready is gone"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			old := sample()
			old.Status.Conditions = conditions
			now := old.DeepCopy()
			tc.change(now)
			if diff := cmp.Diff(tc.want, log.Changes(old, now)); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
		})
	}
}
