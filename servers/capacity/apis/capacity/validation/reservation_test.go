package validation_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"example.com/annex/servers/capacity/apis/capacity"
	"example.com/annex/servers/capacity/apis/capacity/install"
	"example.com/annex/servers/capacity/apis/capacity/v1"
	"example.com/annex/servers/capacity/apis/capacity/v1beta1"
	"example.com/annex/servers/capacity/apis/capacity/validation"
	"example.com/annex/shared/apitest"
)

// bound is a Reservation that has got all it asked for.
func bound() *capacity.Reservation {
	return &capacity.Reservation{
		ObjectMeta: metav1.ObjectMeta{Name: "a", Namespace: "b", Generation: 2},
		Spec:       capacity.ReservationSpec{SiteName: "ams-1", Slots: 4, Priority: capacity.PriorityNormal},
		Status: capacity.ReservationStatus{
			ObservedGeneration: 2, Phase: capacity.ReservationBound, BoundSlots: 4,
			Conditions: []metav1.Condition{{
				Type: capacity.ReservationConditionBound, Status: metav1.ConditionTrue, Reason: "AllBound", LastTransitionTime: metav1.Unix(1, 0),
			}},
		},
	}
}

func released() *capacity.Reservation {
	r := bound()
	r.Status.Phase, r.Status.BoundSlots = capacity.ReservationReleased, 0
	return r
}

// inV1beta1 is where v1beta1 has the fields, and so the errors about them. It can't say what it has no number for.
var inV1beta1 = strings.NewReplacer(
	"spec.siteName", "spec.siteRef.name",
	"spec.slots", "spec.request.slots",
	"spec.priority: Unsupported value", "spec.request.priority: Invalid value",
	"spec.priority", "spec.request.priority",
	"status.boundSlots", "status.heldSlots",
)

// check applies the functions of this package and the tags of a version, as the server does. A nil old means that r is
// created.
func check(t *testing.T, gv schema.GroupVersion, subresource string, r, old *capacity.Reservation) []string {
	t.Helper()
	w := apitest.Write{GroupVersion: gv, Subresource: subresource, Object: r}
	var errs field.ErrorList
	switch {
	case old == nil:
		errs = validation.ValidateReservation(r)
	case subresource == "":
		w.Old = old
		errs = append(validation.ValidateReservation(r), validation.ValidateReservationUpdate(r, old)...)
	default:
		w.Old = old
		errs = validation.ValidateReservationStatusUpdate(r, old)
	}
	if gv == v1beta1.SchemeGroupVersion {
		for _, err := range errs {
			err.Field = inV1beta1.Replace(err.Field)
		}
	}
	return apitest.Validate(t, apitest.Scheme(t, install.Install), w, errs)
}

// rule is a change and what v1 says of it: the field and the kind of error. Nothing means that it is allowed.
type rule struct {
	name   string
	change func(*capacity.Reservation)
	want   []string
}

// expect writes the changed Reservation in both versions.
func expect(t *testing.T, subresource string, r, old *capacity.Reservation, c rule) {
	t.Helper()
	c.change(r)
	for _, gv := range []schema.GroupVersion{v1.SchemeGroupVersion, v1beta1.SchemeGroupVersion} {
		t.Run(gv.Version+" "+c.name, func(t *testing.T) {
			t.Parallel()
			want := c.want
			if gv == v1beta1.SchemeGroupVersion {
				want = nil
				for _, line := range c.want {
					want = append(want, inV1beta1.Replace(line))
				}
			}
			if diff := cmp.Diff(want, check(t, gv, subresource, r.DeepCopy(), old), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
		})
	}
}

// always are the rules for metadata and spec, on create and on update.
var always = []rule{
	{"nothing is wrong", func(*capacity.Reservation) {}, nil},
	{"name", func(r *capacity.Reservation) { r.Name = "Not_A_Name" }, []string{"metadata.name: Invalid value"}},
	{"no namespace", func(r *capacity.Reservation) { r.Namespace = "" }, []string{"metadata.namespace: Required value"}},
	{"label", func(r *capacity.Reservation) { r.Labels = map[string]string{"a b": ""} }, []string{"metadata.labels: Invalid value"}},
	{"slots 0", func(r *capacity.Reservation) { r.Spec.Slots = 0 }, []string{"spec.slots: Required value"}},
	{"slots 1", func(r *capacity.Reservation) { r.Spec.Slots = 1 }, nil},
	{"slots 100000", func(r *capacity.Reservation) { r.Spec.Slots = 100000 }, nil},
	{"slots 100001", func(r *capacity.Reservation) { r.Spec.Slots = 100001 }, []string{"spec.slots: Invalid value"}},
	{"slots -1", func(r *capacity.Reservation) { r.Spec.Slots = -1 }, []string{"spec.slots: Invalid value"}},
	{"priority Low", func(r *capacity.Reservation) { r.Spec.Priority = capacity.PriorityLow }, nil},
	{"priority High", func(r *capacity.Reservation) { r.Spec.Priority = capacity.PriorityHigh }, nil},
	{"priority Urgent", func(r *capacity.Reservation) { r.Spec.Priority = "Urgent" }, []string{"spec.priority: Unsupported value"}},
	{"selector", func(r *capacity.Reservation) {
		r.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": "builds"}}
	}, nil},
	{"empty selector", func(r *capacity.Reservation) { r.Spec.Selector = &metav1.LabelSelector{} }, []string{"spec.selector: Invalid value"}},
	{"selector with a wrong label", func(r *capacity.Reservation) {
		r.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"a b": ""}}
	}, []string{"spec.selector.matchLabels: Invalid value"}},
	{"selector with a wrong operator", func(r *capacity.Reservation) {
		r.Spec.Selector = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "app", Operator: "Like"}}}
	}, []string{"spec.selector.matchExpressions[0].operator: Invalid value"}},
	{"no priority", func(r *capacity.Reservation) { r.Spec.Priority = "" }, []string{"spec.priority: Required value"}},
}

func TestCreate(t *testing.T) {
	t.Parallel()
	for _, c := range append([]rule{
		{"no siteName", func(r *capacity.Reservation) { r.Spec.SiteName = "" }, []string{"spec.siteName: Required value"}},
		{"siteName with a space", func(r *capacity.Reservation) { r.Spec.SiteName = "ams 1" }, []string{"spec.siteName: Invalid value"}},
		{"siteName of 254 letters", func(r *capacity.Reservation) { r.Spec.SiteName = strings.Repeat("a", 254) }, []string{"spec.siteName: Invalid value"}},
	}, always...) {
		r := bound()
		r.Status = capacity.ReservationStatus{Phase: capacity.ReservationPending}
		expect(t, "", r, nil, c)
	}
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	for _, c := range append([]rule{
		{"another siteName", func(r *capacity.Reservation) { r.Spec.SiteName = "lon-1" }, []string{"spec.siteName: Invalid value"}},
	}, always...) {
		expect(t, "", bound(), bound(), c)
	}
	for _, c := range []rule{
		{"released: labels", func(r *capacity.Reservation) { r.Labels = map[string]string{"a": "b"} }, nil},
		{"released: slots", func(r *capacity.Reservation) { r.Spec.Slots = 5 }, []string{"spec: Forbidden"}},
		{"released: selector", func(r *capacity.Reservation) {
			r.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": "builds"}}
		}, []string{"spec: Forbidden"}},
		{"released: priority", func(r *capacity.Reservation) { r.Spec.Priority = capacity.PriorityLow }, []string{"spec: Forbidden"}},
	} {
		expect(t, "", released(), released(), c)
	}
}

func TestStatusUpdate(t *testing.T) {
	t.Parallel()
	for _, c := range []rule{
		{"nothing is wrong", func(*capacity.Reservation) {}, nil},
		{"Pending", func(r *capacity.Reservation) { r.Status.Phase, r.Status.BoundSlots = capacity.ReservationPending, 0 }, nil},
		{"Released", func(r *capacity.Reservation) { r.Status.Phase, r.Status.BoundSlots = capacity.ReservationReleased, 0 }, nil},
		{"unknown phase", func(r *capacity.Reservation) { r.Status.Phase, r.Status.BoundSlots = "Lost", 0 }, []string{"status.phase: Unsupported value"}},
		{"no phase", func(r *capacity.Reservation) { r.Status.Phase, r.Status.BoundSlots = "", 0 }, []string{"status.phase: Invalid value"}},
		{"Bound without slots", func(r *capacity.Reservation) { r.Status.BoundSlots = 0 }, []string{"status.boundSlots: Required value"}},
		{"Pending with slots", func(r *capacity.Reservation) { r.Status.Phase = capacity.ReservationPending }, []string{"status.boundSlots: Invalid value"}},
		{"Released with slots", func(r *capacity.Reservation) { r.Status.Phase = capacity.ReservationReleased }, []string{"status.boundSlots: Invalid value"}},
		{"boundSlots -1", func(r *capacity.Reservation) { r.Status.BoundSlots = -1 }, []string{"status.boundSlots: Invalid value"}},
		{"fewer slots than asked for", func(r *capacity.Reservation) { r.Status.BoundSlots = 1 }, nil},
		{"more slots than asked for", func(r *capacity.Reservation) { r.Status.BoundSlots = 5 }, []string{"status.boundSlots: Invalid value"}},
		{"observedGeneration goes back", func(r *capacity.Reservation) { r.Status.ObservedGeneration = 1 }, []string{"status.observedGeneration: Invalid value"}},
		{"observedGeneration goes ahead", func(r *capacity.Reservation) { r.Status.ObservedGeneration = 3 }, []string{"status.observedGeneration: Invalid value"}},
		{"condition without a reason", func(r *capacity.Reservation) { r.Status.Conditions[0].Reason = "" }, []string{"status.conditions[0].reason: Required value"}},
		{"condition twice", func(r *capacity.Reservation) {
			r.Status.Conditions = append(r.Status.Conditions, r.Status.Conditions[0])
		}, []string{"status.conditions[1]: Duplicate value"}},
	} {
		expect(t, "status", bound(), bound(), c)
	}
	for _, c := range []rule{
		{"released: message", func(r *capacity.Reservation) { r.Status.Conditions[0].Message = "Goodbye." }, nil},
		{"released: Pending", func(r *capacity.Reservation) { r.Status.Phase = capacity.ReservationPending }, []string{"status.phase: Forbidden"}},
		{"released: Bound", func(r *capacity.Reservation) { r.Status = bound().Status }, []string{"status.phase: Forbidden"}},
	} {
		expect(t, "status", released(), released(), c)
	}
	// The status describes generation 2 while the spec of generation 3 asks for less.
	behind := func() *capacity.Reservation {
		r := bound()
		r.Generation, r.Spec.Slots = 3, 1
		return r
	}
	for _, c := range []rule{
		{"behind: still holds more", func(r *capacity.Reservation) { r.Status.BoundSlots = 3 }, nil},
		{"behind: boundSlots 100001", func(r *capacity.Reservation) { r.Status.BoundSlots = 100001 }, []string{"status.boundSlots: Invalid value"}},
		{"caught up: still holds more", func(r *capacity.Reservation) { r.Status.ObservedGeneration = 3 }, []string{"status.boundSlots: Invalid value"}},
		{"caught up", func(r *capacity.Reservation) { r.Status.ObservedGeneration, r.Status.BoundSlots = 3, 1 }, nil},
	} {
		expect(t, "status", behind(), behind(), c)
	}
}
