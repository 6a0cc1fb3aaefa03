package install

import (
	"math/rand"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/apitesting/fuzzer"
	"k8s.io/apimachinery/pkg/api/apitesting/roundtrip"
	metafuzzer "k8s.io/apimachinery/pkg/apis/meta/fuzzer"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	runtimeserializer "k8s.io/apimachinery/pkg/runtime/serializer"

	"example.com/annex/servers/capacity/apis/capacity"
	capacityfuzzer "example.com/annex/servers/capacity/apis/capacity/fuzzer"
	"example.com/annex/servers/capacity/apis/capacity/v1"
)

func newScheme(t *testing.T) *runtime.Scheme {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := Install(scheme); err != nil {
		t.Fatal(err)
	}
	return scheme
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	scheme := newScheme(t)
	codecs := runtimeserializer.NewCodecFactory(scheme)
	funcs := fuzzer.MergeFuzzerFuncs(metafuzzer.Funcs, capacityfuzzer.Funcs)
	const seed = 1 // the same values in every run
	roundtrip.RoundTripTypesWithoutProtobuf(t, scheme, codecs, fuzzer.FuzzerFor(funcs, rand.NewSource(seed), codecs), nil)
}

func TestInstallTwice(t *testing.T) {
	t.Parallel()
	scheme := newScheme(t)
	if err := Install(scheme); err != nil {
		t.Errorf("installing into a scheme that has the group already: %v", err)
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	scheme := newScheme(t)
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
	scheme := newScheme(t)
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
	var gotInternal capacity.Reservation
	if err := scheme.Convert(versioned, &gotInternal, nil); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(internal, &gotInternal); diff != "" {
		t.Errorf("v1 to internal (-want +got):\n%s", diff)
	}
	var gotVersioned v1.Reservation
	if err := scheme.Convert(internal, &gotVersioned, nil); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(versioned, &gotVersioned); diff != "" {
		t.Errorf("internal to v1 (-want +got):\n%s", diff)
	}
}
