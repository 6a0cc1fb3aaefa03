package install

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/kube-openapi/pkg/validation/spec"

	"example.com/annex/servers/capacity/apis/capacity"
	"example.com/annex/servers/capacity/apis/capacity/fuzzer"
	"example.com/annex/servers/capacity/apis/capacity/v1"
	"example.com/annex/servers/capacity/apis/capacity/v1beta1"
	"example.com/annex/servers/capacity/apis/openapi"
	"example.com/annex/shared/apitest"
)

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	apitest.RoundTrip(t, apitest.Scheme(t, Install), fuzzer.Funcs)
}

func TestCompatibility(t *testing.T) {
	t.Parallel()
	apitest.Compatibility(t, apitest.Scheme(t, Install), capacity.GroupName)
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
	for name, tc := range map[string]struct{ given, want v1.ReservationPriority }{
		"empty": {"", v1.PriorityNormal},
		"set":   {v1.PriorityLow, v1.PriorityLow},
	} {
		t.Run("v1 "+name, func(t *testing.T) {
			t.Parallel()
			one := v1.Reservation{Spec: v1.ReservationSpec{Priority: tc.given}}
			list := v1.ReservationList{Items: []v1.Reservation{one}}
			scheme.Default(&one)
			scheme.Default(&list)
			for _, got := range []v1.ReservationPriority{one.Spec.Priority, list.Items[0].Spec.Priority} {
				if got != tc.want {
					t.Errorf("priority %q defaulted to %q, want %q", tc.given, got, tc.want)
				}
			}
		})
	}
	for name, tc := range map[string]struct {
		given *int32
		want  int32
	}{
		"empty": {nil, v1beta1.PriorityLow},
		"set":   {new(v1beta1.PriorityNormal), v1beta1.PriorityNormal},
	} {
		t.Run("v1beta1 "+name, func(t *testing.T) {
			t.Parallel()
			one := v1beta1.Reservation{Spec: v1beta1.ReservationSpec{Request: v1beta1.ReservationRequest{Priority: tc.given}}}
			list := v1beta1.ReservationList{Items: []v1beta1.Reservation{*one.DeepCopy()}}
			scheme.Default(&one)
			scheme.Default(&list)
			for _, got := range []*int32{one.Spec.Request.Priority, list.Items[0].Spec.Request.Priority} {
				if got == nil || *got != tc.want {
					t.Errorf("priority %v defaulted to %v, want %d", tc.given, got, tc.want)
				}
			}
		})
	}
}

func TestConversion(t *testing.T) {
	t.Parallel()
	meta := metav1.ObjectMeta{Name: "a", Namespace: "b", Generation: 2}
	conditions := []metav1.Condition{{Type: v1.ReservationConditionBound, Status: metav1.ConditionTrue, Reason: "AllBound", LastTransitionTime: metav1.Now()}}
	selector := &metav1.LabelSelector{MatchLabels: map[string]string{"app": "builds"}}
	for name, tc := range map[string]struct {
		internal *capacity.Reservation
		v1       *v1.Reservation
		v1beta1  *v1beta1.Reservation
	}{
		"everything": {
			internal: &capacity.Reservation{
				ObjectMeta: meta,
				Spec:       capacity.ReservationSpec{SiteName: "north", Slots: 7, Priority: capacity.PriorityHigh, Selector: selector},
				Status:     capacity.ReservationStatus{ObservedGeneration: 2, Phase: capacity.ReservationBound, BoundSlots: 5, Conditions: conditions},
			},
			v1: &v1.Reservation{
				ObjectMeta: meta,
				Spec:       v1.ReservationSpec{SiteName: "north", Slots: 7, Priority: v1.PriorityHigh, Selector: selector},
				Status:     v1.ReservationStatus{ObservedGeneration: 2, Phase: v1.ReservationBound, BoundSlots: 5, Conditions: conditions},
			},
			v1beta1: &v1beta1.Reservation{
				ObjectMeta: meta,
				Spec: v1beta1.ReservationSpec{
					SiteRef:  v1beta1.SiteReference{Name: "north"},
					Request:  v1beta1.ReservationRequest{Slots: 7, Priority: new(v1beta1.PriorityHigh)},
					Selector: selector,
				},
				Status: v1beta1.ReservationStatus{ObservedGeneration: 2, Phase: v1beta1.ReservationBound, HeldSlots: 5, Conditions: conditions},
			},
		},
		"priority Normal": {
			internal: &capacity.Reservation{Spec: capacity.ReservationSpec{Priority: capacity.PriorityNormal}},
			v1:       &v1.Reservation{Spec: v1.ReservationSpec{Priority: v1.PriorityNormal}},
			v1beta1:  reservationOf(new(v1beta1.PriorityNormal)),
		},
		"priority Low": {
			internal: &capacity.Reservation{Spec: capacity.ReservationSpec{Priority: capacity.PriorityLow}},
			v1:       &v1.Reservation{Spec: v1.ReservationSpec{Priority: v1.PriorityLow}},
			v1beta1:  reservationOf(new(v1beta1.PriorityLow)),
		},
		"no priority": {internal: &capacity.Reservation{}, v1: &v1.Reservation{}, v1beta1: &v1beta1.Reservation{}},
		// Not valid, but what a client wrote must be in the error that says so.
		"priority 7": {
			internal: &capacity.Reservation{Spec: capacity.ReservationSpec{Priority: "7"}},
			v1:       &v1.Reservation{Spec: v1.ReservationSpec{Priority: "7"}},
			v1beta1:  reservationOf(new(int32(7))),
		},
		"priority -7": {
			internal: &capacity.Reservation{Spec: capacity.ReservationSpec{Priority: "-7"}},
			v1:       &v1.Reservation{Spec: v1.ReservationSpec{Priority: "-7"}},
			v1beta1:  reservationOf(new(int32(-7))),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scheme := apitest.Scheme(t, Install)
			apitest.Convert(t, scheme, tc.v1, tc.internal)
			apitest.Convert(t, scheme, tc.v1beta1, tc.internal)
		})
	}
}

func reservationOf(priority *int32) *v1beta1.Reservation {
	return &v1beta1.Reservation{Spec: v1beta1.ReservationSpec{Request: v1beta1.ReservationRequest{Priority: priority}}}
}

// TestUnknownPriority: v1beta1 has no number for it, and validation must not take the one that it gets.
func TestUnknownPriority(t *testing.T) {
	t.Parallel()
	var got v1beta1.Reservation
	given := &capacity.Reservation{Spec: capacity.ReservationSpec{Priority: "Urgent"}}
	if err := apitest.Scheme(t, Install).Convert(given, &got, nil); err != nil {
		t.Fatal(err)
	}
	if p := got.Spec.Request.Priority; p == nil || *p != -1 {
		t.Errorf("got %v, want -1", p)
	}
}

// TestSwaggerDoc: query parameters are described as the comments in types.go describe the fields.
func TestSwaggerDoc(t *testing.T) {
	t.Parallel()
	definitions := openapi.GetOpenAPIDefinitions(func(path string) spec.Ref { return spec.MustCreateRef(path) })
	for _, options := range []interface {
		OpenAPIModelName() string
		SwaggerDoc() map[string]string
	}{v1.ReservationLogOptions{}, v1beta1.ReservationLogOptions{}} {
		name := options.OpenAPIModelName()
		properties := definitions[name].Schema.Properties
		if len(properties) == 0 {
			t.Fatalf("OpenAPI does not know %s", name)
		}
		want := map[string]string{}
		for field, property := range properties {
			if field != "kind" && field != "apiVersion" {
				want[field] = property.Description
			}
		}
		if diff := cmp.Diff(want, options.SwaggerDoc()); diff != "" {
			t.Errorf("descriptions of %s (-comments +SwaggerDoc):\n%s", name, diff)
		}
	}
}
