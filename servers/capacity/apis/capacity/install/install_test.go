package install

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"example.com/annex/servers/capacity/apis/capacity"
	"example.com/annex/servers/capacity/apis/capacity/fuzzer"
	"example.com/annex/servers/capacity/apis/capacity/v1"
	"example.com/annex/shared/apitest"
)

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	apitest.RoundTrip(t, apitest.Scheme(t, Install), fuzzer.Funcs)
}

func TestInstallTwice(t *testing.T) {
	t.Parallel()
	scheme := apitest.Scheme(t, Install)
	if err := Install(scheme); err != nil {
		t.Errorf("installing into a scheme that has the group already: %v", err)
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	scheme := apitest.Scheme(t, Install)
	for name, tc := range map[string]struct{ given, want v1.ReservationPriority }{
		"empty": {"", v1.PriorityNormal},
		"set":   {v1.PriorityLow, v1.PriorityLow},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one := v1.Reservation{Spec: v1.ReservationSpec{Priority: tc.given}}
			list := v1.ReservationList{Items: []v1.Reservation{one}}
			scheme.Default(&one)
			scheme.Default(&list)
			if one.Spec.Priority != tc.want {
				t.Errorf("priority %q defaulted to %q, want %q", tc.given, one.Spec.Priority, tc.want)
			}
			if got := list.Items[0].Spec.Priority; got != tc.want {
				t.Errorf("priority %q in a list defaulted to %q, want %q", tc.given, got, tc.want)
			}
		})
	}
}

func TestConversion(t *testing.T) {
	t.Parallel()
	scheme := apitest.Scheme(t, Install)
	now := metav1.Now()
	versioned := &v1.Reservation{
		ObjectMeta: metav1.ObjectMeta{Name: "a", Namespace: "b", Generation: 2},
		Spec:       v1.ReservationSpec{SiteName: "north", Slots: 7, Priority: v1.PriorityHigh},
		Status: v1.ReservationStatus{
			ObservedGeneration: 2, Phase: v1.ReservationBound, BoundSlots: 7,
			Conditions: []metav1.Condition{{Type: v1.ReservationConditionBound, Status: metav1.ConditionTrue, Reason: "AllBound", LastTransitionTime: now}},
		},
	}
	internal := &capacity.Reservation{
		ObjectMeta: metav1.ObjectMeta{Name: "a", Namespace: "b", Generation: 2},
		Spec:       capacity.ReservationSpec{SiteName: "north", Slots: 7, Priority: capacity.PriorityHigh},
		Status: capacity.ReservationStatus{
			ObservedGeneration: 2, Phase: capacity.ReservationBound, BoundSlots: 7,
			Conditions: []metav1.Condition{{Type: capacity.ReservationConditionBound, Status: metav1.ConditionTrue, Reason: "AllBound", LastTransitionTime: now}},
		},
	}
	apitest.Convert(t, scheme, versioned, internal)
}
