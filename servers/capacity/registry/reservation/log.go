package reservation

import (
	"fmt"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"example.com/annex/servers/capacity/apis/capacity"
	"example.com/annex/shared/registry"
)

// log is what there is to tell of the life of a Reservation.
var log = registry.Log[*capacity.Reservation]{
	NewOptions: func() runtime.Object { return &capacity.ReservationLogOptions{} },
	Options: func(parameters runtime.Object) registry.LogOptions {
		o := parameters.(*capacity.ReservationLogOptions)
		return registry.LogOptions{
			Follow: o.Follow, SinceSeconds: o.SinceSeconds, SinceTime: o.SinceTime,
			Timestamps: o.Timestamps, TailLines: o.TailLines, LimitBytes: o.LimitBytes,
		}
	},
	Describe: func(r *capacity.Reservation) []registry.LogLine {
		var lines []registry.LogLine
		for _, c := range r.Status.Conditions {
			lines = append(lines, registry.LogLine{Time: c.LastTransitionTime.Time, Text: condition(c)})
		}
		return append(lines, registry.LogLine{Text: fmt.Sprintf("%s: holds %d of %d slots at %s, priority %s",
			r.Status.Phase, r.Status.BoundSlots, r.Spec.Slots, r.Spec.SiteName, r.Spec.Priority)})
	},
	Changes: changes,
}

func changes(old, now *capacity.Reservation) []string {
	var texts []string
	change := func(format string, from, to any) {
		if from != to {
			texts = append(texts, fmt.Sprintf(format, from, to))
		}
	}
	change("scaled from %v to %v slots", old.Spec.Slots, now.Spec.Slots)
	change("priority %v → %v", old.Spec.Priority, now.Spec.Priority)
	if !apiequality.Semantic.DeepEqual(old.Spec.Selector, now.Spec.Selector) {
		texts = append(texts, "selector "+metav1.FormatLabelSelector(old.Spec.Selector)+" → "+metav1.FormatLabelSelector(now.Spec.Selector))
	}
	change("phase %v → %v", old.Status.Phase, now.Status.Phase)
	change("held slots %v → %v", old.Status.BoundSlots, now.Status.BoundSlots)
	for _, c := range now.Status.Conditions {
		before := meta.FindStatusCondition(old.Status.Conditions, c.Type)
		if before == nil || condition(*before) != condition(c) {
			texts = append(texts, condition(c))
		}
	}
	for _, c := range old.Status.Conditions {
		if meta.FindStatusCondition(now.Status.Conditions, c.Type) == nil {
			texts = append(texts, fmt.Sprintf("condition %s is gone", c.Type))
		}
	}
	return texts
}

// condition is a condition in a line: "condition Bound is False: TooFew: 2 slots are missing".
func condition(c metav1.Condition) string {
	text := fmt.Sprintf("condition %s is %s: %s", c.Type, c.Status, c.Reason)
	if c.Message != "" {
		text += ": " + c.Message
	}
	return text
}
