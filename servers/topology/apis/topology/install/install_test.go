package install

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"example.com/annex/servers/topology/apis/topology"
	"example.com/annex/servers/topology/apis/topology/fuzzer"
	"example.com/annex/servers/topology/apis/topology/v1"
	"example.com/annex/servers/topology/apis/topology/v1alpha1"
	"example.com/annex/shared/apitest"
)

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	apitest.RoundTrip(t, apitest.Scheme(t, Install), fuzzer.Funcs)
}

func TestCompatibility(t *testing.T) {
	t.Parallel()
	apitest.Compatibility(t, apitest.Scheme(t, Install), topology.GroupName)
}

func TestInstallTwice(t *testing.T) {
	t.Parallel()
	scheme := apitest.Scheme(t, Install)
	if err := Install(scheme); err != nil {
		t.Errorf("installing into a scheme that has the group already: %v", err)
	}
}

// TestDefaults: each version has a default of its own.
func TestDefaults(t *testing.T) {
	t.Parallel()
	scheme := apitest.Scheme(t, Install)
	for name, tc := range map[string]struct{ given, inV1, inV1alpha1 string }{
		"empty":      {"", "ByPriority", "ByAge"},
		"ByAge":      {"ByAge", "ByAge", "ByAge"},
		"ByPriority": {"ByPriority", "ByPriority", "ByPriority"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one := v1.Site{Spec: v1.SiteSpec{AllocationPolicy: v1.AllocationPolicy(tc.given)}}
			older := v1alpha1.Site{Spec: v1alpha1.SiteSpec{AllocationPolicy: v1alpha1.AllocationPolicy(tc.given)}}
			list := v1.SiteList{Items: []v1.Site{one}}
			olderList := v1alpha1.SiteList{Items: []v1alpha1.Site{older}}
			for _, object := range []runtime.Object{&one, &older, &list, &olderList} {
				scheme.Default(object)
			}
			for _, got := range []v1.AllocationPolicy{one.Spec.AllocationPolicy, list.Items[0].Spec.AllocationPolicy} {
				if string(got) != tc.inV1 {
					t.Errorf("v1: got %q, want %q", got, tc.inV1)
				}
			}
			for _, got := range []v1alpha1.AllocationPolicy{older.Spec.AllocationPolicy, olderList.Items[0].Spec.AllocationPolicy} {
				if string(got) != tc.inV1alpha1 {
					t.Errorf("v1alpha1: got %q, want %q", got, tc.inV1alpha1)
				}
			}
		})
	}
}

func TestConversion(t *testing.T) {
	t.Parallel()
	meta := metav1.ObjectMeta{Name: "a", Generation: 2}
	conditions := []metav1.Condition{{Type: v1.SiteConditionReady, Status: metav1.ConditionTrue, Reason: "Up", LastTransitionTime: metav1.Now()}}
	for name, tc := range map[string]struct {
		internal *topology.Site
		v1       *v1.Site
		v1alpha1 *v1alpha1.Site
	}{
		"everything": {
			internal: &topology.Site{
				ObjectMeta: meta,
				Spec: topology.SiteSpec{
					Region:           "eu-west",
					Coordinates:      &topology.SiteCoordinates{Latitude: "52.3547", Longitude: "-4.80"},
					Capacity:         topology.SiteCapacity{Slots: 40, ReservedSlots: 5},
					AllocationPolicy: topology.AllocateByPriority,
				},
				Status: topology.SiteStatus{ObservedGeneration: 2, Phase: topology.SiteOnline, Conditions: conditions},
			},
			v1: &v1.Site{
				ObjectMeta: meta,
				Spec: v1.SiteSpec{
					Region:           "eu-west",
					Coordinates:      &v1.SiteCoordinates{Latitude: "52.3547", Longitude: "-4.80"},
					Capacity:         v1.SiteCapacity{Slots: 40, ReservedSlots: 5},
					AllocationPolicy: v1.AllocateByPriority,
				},
				Status: v1.SiteStatus{ObservedGeneration: 2, Phase: v1.SiteOnline, Conditions: conditions},
			},
			v1alpha1: &v1alpha1.Site{
				ObjectMeta: meta,
				Spec: v1alpha1.SiteSpec{
					Region:           "eu-west",
					Coordinates:      "52.3547,-4.80",
					Slots:            40,
					ReservedSlots:    5,
					AllocationPolicy: v1alpha1.AllocateByPriority,
				},
				Status: v1alpha1.SiteStatus{ObservedGeneration: 2, State: v1alpha1.SiteOnline, Conditions: conditions},
			},
		},
		"only what is required": {
			internal: &topology.Site{Spec: topology.SiteSpec{Region: "a", Capacity: topology.SiteCapacity{Slots: 1}}},
			v1:       &v1.Site{Spec: v1.SiteSpec{Region: "a", Capacity: v1.SiteCapacity{Slots: 1}}},
			v1alpha1: &v1alpha1.Site{Spec: v1alpha1.SiteSpec{Region: "a", Slots: 1}},
		},
		// Not valid, but what is stored must not depend on the version that it was read in.
		"half of the coordinates": {
			internal: &topology.Site{Spec: topology.SiteSpec{Coordinates: &topology.SiteCoordinates{Latitude: "52"}}},
			v1:       &v1.Site{Spec: v1.SiteSpec{Coordinates: &v1.SiteCoordinates{Latitude: "52"}}},
			v1alpha1: &v1alpha1.Site{Spec: v1alpha1.SiteSpec{Coordinates: "52,"}},
		},
		"empty coordinates": {
			internal: &topology.Site{Spec: topology.SiteSpec{Coordinates: &topology.SiteCoordinates{}}},
			v1:       &v1.Site{Spec: v1.SiteSpec{Coordinates: &v1.SiteCoordinates{}}},
			v1alpha1: &v1alpha1.Site{Spec: v1alpha1.SiteSpec{Coordinates: ","}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scheme := apitest.Scheme(t, Install)
			apitest.Convert(t, scheme, tc.v1, tc.internal)
			apitest.Convert(t, scheme, tc.v1alpha1, tc.internal)
		})
	}
}

// TestCoordinatesWithoutComma: they are not lost before validation sees them.
func TestCoordinatesWithoutComma(t *testing.T) {
	t.Parallel()
	var got topology.Site
	given := &v1alpha1.Site{Spec: v1alpha1.SiteSpec{Coordinates: "52.35"}}
	if err := apitest.Scheme(t, Install).Convert(given, &got, nil); err != nil {
		t.Fatal(err)
	}
	if c := got.Spec.Coordinates; c == nil || c.Latitude != "52.35" || c.Longitude != "" {
		t.Errorf("got %+v, want the latitude 52.35 alone", c)
	}
}
