package conformance

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// reviews are created, and no more.
var reviews = Resource{
	GVR:      schema.GroupVersionResource{Group: "e2e.example.com", Version: "v1", Resource: "reviews"},
	Kind:     "Review",
	Singular: "review",
	Verbs:    []string{"create"},
	Sample:   "spec: {}",
}

func TestWhatIsNotClaimedIsMissing(t *testing.T) {
	t.Parallel()
	partial := reviews
	partial.Verbs = []string{"create", "get", "list"}
	partial.Subresources = map[string][]string{"status": {"get"}}
	for name, tc := range map[string]struct {
		resource Resource
		verb     string
		want     []int
	}{
		"the other verbs of a path that is there": {reviews, "list", []int{http.StatusMethodNotAllowed}},
		"the verbs of a path that is not":         {reviews, "delete", []int{http.StatusNotFound}},
		"of named objects":                        {partial, "delete", []int{http.StatusMethodNotAllowed}},
		"of a claimed verb nothing":               {partial, "get", nil},
		"watch, in both ways":                     {partial, "watch", []int{http.StatusMethodNotAllowed, http.StatusMethodNotAllowed}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []int
			for _, request := range tc.resource.missing() {
				if request.subresource == "" && request.verb == tc.verb {
					got = append(got, request.want)
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("statuses (-want +got):\n%s", diff)
			}
		})
	}
	statuses := map[string]map[string]int{}
	for _, request := range partial.missing() {
		if request.subresource != "" {
			if statuses[request.subresource] == nil {
				statuses[request.subresource] = map[string]int{}
			}
			statuses[request.subresource][request.verb] = request.want
		}
	}
	none := map[string]int{"create": 404, "get": 404, "update": 404, "patch": 404, "delete": 404}
	want := map[string]map[string]int{
		"status": {"create": 405, "update": 405, "patch": 405, "delete": 405}, "scale": none, "nosuchsubresource": none,
	}
	if diff := cmp.Diff(want, statuses); diff != "" {
		t.Errorf("statuses of subresources (-want +got):\n%s", diff)
	}
}

func TestIncomplete(t *testing.T) {
	t.Parallel()
	if err := reviews.incomplete(); err != nil {
		t.Error(err)
	}
	for want, change := range map[string]func(*Resource){
		"lacks GVR":                 func(r *Resource) { r.Kind = "" },
		"lacks Verbs":               func(r *Resource) { r.Verbs = nil },
		"lacks a Sample":            func(r *Resource) { r.Sample = "" },
		"lacks an Existing object":  func(r *Resource) { r.Verbs = []string{"list"} },
		"lacks a Change":            func(r *Resource) { r.Verbs = []string{"create", "patch"} },
		"lacks what v1beta1 Reads":  func(r *Resource) { r.Versions = []Resource{{GVR: r.GVR.GroupResource().WithVersion("v1beta1")}} },
		"of reviews.v1.e2e.example": func(r *Resource) { r.Sample = "" },
	} {
		r := reviews
		change(&r)
		if err := r.incomplete(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// The areas are the same, in the same order, for any resource: tables have them as their rows.
func TestAreas(t *testing.T) {
	t.Parallel()
	full := reviews
	full.Verbs = []string{"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"}
	full.Namespaced = true
	areas := func(r Resource) (all, claimed []string) {
		for _, feature := range All(r) {
			labels := feature.Builder.Feature().Labels()
			if !labels.Contains(AreaLabel, feature.Area) || !labels.Contains(ResourceLabel, r.String()) {
				t.Errorf("the labels of %s are %v", feature.Area, labels)
			}
			all = append(all, feature.Area)
			if labels.Contains(ClaimedLabel, "true") {
				claimed = append(claimed, feature.Area)
			}
		}
		return all, claimed
	}
	ofFull, _ := areas(full)
	ofReviews, claimed := areas(reviews)
	if diff := cmp.Diff(ofFull, ofReviews); diff != "" {
		t.Errorf("areas (-of one resource +of another):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"Discovery", "OpenAPI", "Objects", "Validation", "Access"}, claimed); diff != "" {
		t.Errorf("areas that a review claims (-want +got):\n%s", diff)
	}
}
