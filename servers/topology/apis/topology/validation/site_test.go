package validation_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"example.com/annex/servers/topology/apis/topology"
	"example.com/annex/servers/topology/apis/topology/install"
	"example.com/annex/servers/topology/apis/topology/v1"
	"example.com/annex/servers/topology/apis/topology/v1alpha1"
	"example.com/annex/servers/topology/apis/topology/validation"
	"example.com/annex/shared/apitest"
)

func online() *topology.Site {
	return &topology.Site{
		ObjectMeta: metav1.ObjectMeta{Name: "ams-1", Generation: 2},
		Spec: topology.SiteSpec{
			Region:           "eu-west",
			Coordinates:      &topology.SiteCoordinates{Latitude: "52.3547", Longitude: "4.8339"},
			Capacity:         topology.SiteCapacity{Slots: 40, ReservedSlots: 5},
			AllocationPolicy: topology.AllocateByPriority,
		},
		Status: topology.SiteStatus{
			ObservedGeneration: 2, Phase: topology.SiteOnline,
			Conditions: []metav1.Condition{{
				Type: topology.SiteConditionReady, Status: metav1.ConditionTrue, Reason: "Up", LastTransitionTime: metav1.Unix(1, 0),
			}},
		},
	}
}

// nowhere is a Site whose coordinates nobody knows.
func nowhere() *topology.Site {
	s := online()
	s.Spec.Coordinates = nil
	return s
}

// rule is a change, and what the functions of this package and the tags of v1 say of it: the field and the kind of error.
// Nothing means that it is allowed.
type rule struct {
	name            string
	change          func(*topology.Site)
	functions, tags []string
}

// inV1alpha1 is where v1alpha1 has the fields, and so the errors of its tags.
var inV1alpha1 = strings.NewReplacer("spec.capacity.", "spec.", "status.phase", "status.state")

// expect writes the changed Site in both versions. A nil old means that it is created.
func expect(t *testing.T, subresource string, old func() *topology.Site, c rule) {
	t.Helper()
	for _, gv := range []schema.GroupVersion{v1.SchemeGroupVersion, v1alpha1.SchemeGroupVersion} {
		t.Run(c.name+" in "+gv.Version, func(t *testing.T) {
			t.Parallel()
			s := online()
			w := apitest.Write{GroupVersion: gv, Subresource: subresource, Object: s}
			if old != nil {
				*s = *old()
				w.Old = old()
			}
			c.change(s)
			var errs field.ErrorList
			if subresource == "" {
				errs = validation.ValidateSite(s)
			} else {
				errs = validation.ValidateSiteStatusUpdate(s, old())
			}
			want := slices.Clone(c.functions)
			for _, text := range c.tags {
				if gv == v1alpha1.SchemeGroupVersion {
					text = inV1alpha1.Replace(text)
				}
				want = append(want, text)
			}
			if diff := cmp.Diff(want, apitest.Validate(t, apitest.Scheme(t, install.Install), w, errs), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
		})
	}
}

func at(latitude, longitude string) func(*topology.Site) {
	return func(s *topology.Site) {
		s.Spec.Coordinates = &topology.SiteCoordinates{Latitude: latitude, Longitude: longitude}
	}
}

func slots(all, reserved int32) func(*topology.Site) {
	return func(s *topology.Site) {
		s.Spec.Capacity = topology.SiteCapacity{Slots: all, ReservedSlots: reserved}
	}
}

// always are the rules for metadata and spec, on create and on update.
var always = []rule{
	{"nothing is wrong", func(*topology.Site) {}, nil, nil},
	{"name", func(s *topology.Site) { s.Name = "Not_A_Name" }, []string{"metadata.name: Invalid value"}, nil},
	{"a namespace", func(s *topology.Site) { s.Namespace = "a" }, []string{"metadata.namespace: Forbidden"}, nil},
	{"label", func(s *topology.Site) { s.Labels = map[string]string{"a b": ""} }, []string{"metadata.labels: Invalid value"}, nil},
	{"no slots", slots(0, 0), nil, []string{"spec.capacity.slots: Required value"}},
	{"no slots, some reserved", slots(0, 1), nil, []string{"spec.capacity.slots: Required value"}},
	{"slots -1", slots(-1, 0), nil, []string{"spec.capacity.slots: Invalid value"}},
	{"slots 1", slots(1, 0), nil, nil},
	{"slots 100000", slots(100000, 0), nil, nil},
	{"slots 100001", slots(100001, 0), nil, []string{"spec.capacity.slots: Invalid value"}},
	{"reservedSlots -1", slots(1, -1), nil, []string{"spec.capacity.reservedSlots: Invalid value"}},
	{"all but one slot reserved", slots(9, 8), nil, nil},
	{"all slots reserved", slots(9, 9), []string{"spec.capacity.reservedSlots: Invalid value"}, nil},
	{"policy ByAge", func(s *topology.Site) { s.Spec.AllocationPolicy = topology.AllocateByAge }, nil, nil},
	{"policy ByChance", func(s *topology.Site) { s.Spec.AllocationPolicy = "ByChance" }, nil, []string{"spec.allocationPolicy: Unsupported value"}},
	{"no policy", func(s *topology.Site) { s.Spec.AllocationPolicy = "" }, nil, []string{"spec.allocationPolicy: Required value"}},
}

// coordinates are the rules for coordinates that are given now.
var coordinates = []rule{
	{"no coordinates", func(s *topology.Site) { s.Spec.Coordinates = nil }, nil, nil},
	{"the south-west", at("-90", "-180"), nil, nil},
	{"the north-east", at("90.000000", "180.000000"), nil, nil},
	{"the origin", at("0", "0.0"), nil, nil},
	{"too far south", at("-90.000001", "0"), []string{"spec.coordinates.latitude: Invalid value"}, nil},
	{"too far north", at("91", "0"), []string{"spec.coordinates.latitude: Invalid value"}, nil},
	{"too far west", at("0", "-180.000001"), []string{"spec.coordinates.longitude: Invalid value"}, nil},
	{"too far east", at("0", "181"), []string{"spec.coordinates.longitude: Invalid value"}, nil},
	{"no latitude", at("", "0"), []string{"spec.coordinates.latitude: Invalid value"}, nil},
	{"no longitude", at("0", ""), []string{"spec.coordinates.longitude: Invalid value"}, nil},
	{"7 digits", at("0", "0.0000001"), []string{"spec.coordinates.longitude: Invalid value"}, nil},
	{"an exponent", at("1e1", "0"), []string{"spec.coordinates.latitude: Invalid value"}, nil},
	{"a leading zero", at("01", "0"), []string{"spec.coordinates.latitude: Invalid value"}, nil},
	{"a plus", at("+1", "0"), []string{"spec.coordinates.latitude: Invalid value"}, nil},
	{"not a number", at("NaN", "Inf"), []string{"spec.coordinates.latitude: Invalid value", "spec.coordinates.longitude: Invalid value"}, nil},
	{"a blank", at("1", " 2"), []string{"spec.coordinates.longitude: Invalid value"}, nil},
	{"a second comma", at("1", "2,3"), []string{"spec.coordinates.longitude: Invalid value"}, nil},
}

func TestCreate(t *testing.T) {
	t.Parallel()
	for _, c := range slices.Concat(always, coordinates, []rule{
		{"no region", func(s *topology.Site) { s.Spec.Region = "" }, nil, []string{"spec.region: Required value"}},
		{"region with a dot", func(s *topology.Site) { s.Spec.Region = "eu.west" }, nil, []string{"spec.region: Invalid value"}},
		{"region of 63 letters", func(s *topology.Site) { s.Spec.Region = strings.Repeat("a", 63) }, nil, nil},
		{"region of 64 letters", func(s *topology.Site) { s.Spec.Region = strings.Repeat("a", 64) }, nil, []string{"spec.region: Invalid value"}},
	}) {
		expect(t, "", nil, c)
	}
}

// TestLongCoordinates: v1alpha1 has no other rule of its own.
func TestLongCoordinates(t *testing.T) {
	t.Parallel()
	s := online()
	at(strings.Repeat("1", 64), "1")(s)
	got := apitest.Validate(t, apitest.Scheme(t, install.Install), apitest.Write{GroupVersion: v1alpha1.SchemeGroupVersion, Object: s}, nil)
	if diff := cmp.Diff([]string{"spec.coordinates: Too long"}, got); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	for _, c := range append([]rule{
		{"another region", func(s *topology.Site) { s.Spec.Region = "us-east" }, nil, []string{"spec.region: Invalid value"}},
		{"other coordinates", at("1", "2"), nil, []string{"spec.coordinates: Invalid value"}},
		{"the same coordinates", at("52.3547", "4.8339"), nil, nil},
		{"coordinates taken away", func(s *topology.Site) { s.Spec.Coordinates = nil }, nil, []string{"spec.coordinates: Invalid value"}},
	}, always...) {
		expect(t, "", online, c)
	}
	for _, c := range coordinates {
		c.name = "given later: " + c.name
		expect(t, "", nowhere, c)
	}
}

func TestStatusUpdate(t *testing.T) {
	t.Parallel()
	phase := func(phase topology.SitePhase) func(*topology.Site) {
		return func(s *topology.Site) {
			s.Status.Phase = phase
			s.Status.Conditions = nil
		}
	}
	pending := func() *topology.Site {
		s := online()
		phase(topology.SitePending)(s)
		return s
	}
	for _, c := range []rule{
		{"nothing is wrong", func(*topology.Site) {}, nil, nil},
		{"Offline", phase(topology.SiteOffline), nil, nil},
		{"Pending again", phase(topology.SitePending), []string{"status.phase: Forbidden"}, nil},
		{"unknown phase", phase("Lost"), nil, []string{"status.phase: Unsupported value"}},
		{"no phase", phase(""), nil, []string{"status.phase: Invalid value"}},
		{"Offline and Ready", func(s *topology.Site) { s.Status.Phase = topology.SiteOffline }, []string{"status.conditions[0].status: Invalid value"}, nil},
		{"Offline and not Ready", func(s *topology.Site) {
			s.Status.Phase, s.Status.Conditions[0].Status = topology.SiteOffline, metav1.ConditionFalse
		}, nil, nil},
		{"Offline and something else", func(s *topology.Site) {
			s.Status.Phase, s.Status.Conditions[0].Type = topology.SiteOffline, "Powered"
		}, nil, nil},
		{"observedGeneration -1", func(s *topology.Site) { s.Status.ObservedGeneration = -1 },
			[]string{"status.observedGeneration: Invalid value"}, []string{"status.observedGeneration: Invalid value"}},
		{"observedGeneration goes back", func(s *topology.Site) { s.Status.ObservedGeneration = 1 }, []string{"status.observedGeneration: Invalid value"}, nil},
		{"observedGeneration goes ahead", func(s *topology.Site) { s.Status.ObservedGeneration = 3 }, []string{"status.observedGeneration: Invalid value"}, nil},
		{"condition without a reason", func(s *topology.Site) { s.Status.Conditions[0].Reason = "" }, []string{"status.conditions[0].reason: Required value"}, nil},
		{"condition twice", func(s *topology.Site) {
			s.Status.Conditions = append(s.Status.Conditions, s.Status.Conditions[0])
		}, []string{"status.conditions[1]: Duplicate value"}, nil},
	} {
		expect(t, "status", online, c)
	}
	for _, c := range []rule{
		{"pending: still", func(*topology.Site) {}, nil, nil},
		{"pending: Online", phase(topology.SiteOnline), nil, nil},
		{"pending: Offline", phase(topology.SiteOffline), nil, nil},
	} {
		expect(t, "status", pending, c)
	}
}
