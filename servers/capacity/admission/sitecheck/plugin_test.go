package sitecheck

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/warning"

	"example.com/annex/servers/capacity/apis/capacity"
	topologyv1 "example.com/annex/servers/topology/apis/topology/v1"
)

// known are sites as the reflector has them, and as they are.
type known struct {
	reflector, current map[string]*topologyv1.Site
	err                error // of a live read
	reads              int
}

func (k *known) cached(name string) (*topologyv1.Site, bool) {
	site, ok := k.reflector[name]
	return site, ok
}

func (k *known) live(_ context.Context, name string) (*topologyv1.Site, error) {
	k.reads++
	return k.current[name], k.err
}

func site(slots, kept int32, phase topologyv1.SitePhase) map[string]*topologyv1.Site {
	return map[string]*topologyv1.Site{"ams-1": {
		ObjectMeta: metav1.ObjectMeta{Name: "ams-1"},
		Spec:       topologyv1.SiteSpec{Capacity: topologyv1.SiteCapacity{Slots: slots, ReservedSlots: kept}},
		Status:     topologyv1.SiteStatus{Phase: phase},
	}}
}

func reservation(slots int32) *capacity.Reservation {
	return &capacity.Reservation{
		ObjectMeta: metav1.ObjectMeta{Name: "a", Namespace: "n"},
		Spec:       capacity.ReservationSpec{SiteName: "ams-1", Slots: slots},
	}
}

// request is what admission sees of a write; old is nil on creation.
func request(object, old runtime.Object, subresource string) admission.Attributes {
	operation := admission.Create
	if old != nil {
		operation = admission.Update
	}
	return admission.NewAttributesRecord(object, old, schema.GroupVersionKind{Group: capacity.GroupName, Version: "v1", Kind: "Reservation"},
		"n", "a", schema.GroupVersionResource{Group: capacity.GroupName, Version: "v1", Resource: "reservations"}, subresource,
		operation, &metav1.CreateOptions{}, false, &user.DefaultInfo{Name: "u"})
}

func validate(ctx context.Context, k *known, c configuration, a admission.Attributes) error {
	p := newPlugin(c)
	p.sites = k
	return p.Validate(ctx, a, nil)
}

func TestValidate(t *testing.T) {
	t.Parallel()
	create := func(slots int32) admission.Attributes { return request(reservation(slots), nil, "") }
	for name, tc := range map[string]struct {
		sites   known
		request admission.Attributes
		refused func(error) bool // nil where it is accepted
		text    string
		reads   int
	}{
		"as much as the site has":         {sites: known{reflector: site(40, 5, topologyv1.SiteOnline)}, request: create(35)},
		"a site that is Pending":          {sites: known{reflector: site(40, 5, topologyv1.SitePending)}, request: create(1)},
		"a site that is new":              {sites: known{current: site(40, 5, topologyv1.SitePending)}, request: create(35), reads: 1},
		"a site that has grown":           {sites: known{reflector: site(40, 5, topologyv1.SiteOnline), current: site(41, 5, topologyv1.SiteOnline)}, request: create(36), reads: 1},
		"a site that is back":             {sites: known{reflector: site(40, 5, topologyv1.SiteOffline), current: site(40, 5, topologyv1.SiteOnline)}, request: create(1), reads: 1},
		"a label, at a site that is gone": {request: request(reservation(4), reservation(4), "")},
		"less, at a site that is gone":    {request: request(reservation(3), reservation(4), "")},
		"a status":                        {request: request(reservation(9), reservation(4), "status")},
		"a smaller scale":                 {request: request(&autoscalingv1.Scale{Spec: autoscalingv1.ScaleSpec{Replicas: 3}}, &autoscalingv1.Scale{Spec: autoscalingv1.ScaleSpec{Replicas: 4}}, "scale")},

		"more than the site has": {
			sites: known{reflector: site(40, 5, topologyv1.SiteOnline), current: site(40, 5, topologyv1.SiteOnline)}, request: create(36), reads: 1,
			refused: apierrors.IsForbidden, text: `reservations.capacity.example.com "a" is forbidden: site "ams-1" has 35 slots for Reservations (40 less the 5 that it keeps), and not 36`,
		},
		"more than a site has that keeps none": {
			sites: known{current: site(40, 0, topologyv1.SiteOnline)}, request: create(41), reads: 1,
			refused: apierrors.IsForbidden, text: `site "ams-1" has 40 slots, and not 41`,
		},
		"more than before": {
			sites: known{current: site(40, 5, topologyv1.SiteOnline)}, request: request(reservation(36), reservation(35), ""), reads: 1,
			refused: apierrors.IsForbidden, text: "has 35 slots",
		},
		"a site that is Offline": {
			sites: known{reflector: site(40, 5, topologyv1.SiteOffline), current: site(40, 5, topologyv1.SiteOffline)}, request: create(1), reads: 1,
			refused: apierrors.IsForbidden, text: `site "ams-1" is Offline`,
		},
		"no such site": {
			request: create(1), reads: 1,
			refused: apierrors.IsForbidden, text: `there is no site "ams-1" in topology.example.com`,
		},
		"nobody can tell": {
			sites: known{err: errors.New("nobody answers")}, request: create(1), reads: 1,
			refused: apierrors.IsServiceUnavailable, text: `site "ams-1" can't be read: nobody answers; install topology.example.com or wait until it is back, or run capacity.example.com without this check, with --disable-admission-plugins=SiteCheck`,
		},
		"a scale that says of nothing": {
			request: request(&autoscalingv1.Scale{Spec: autoscalingv1.ScaleSpec{Replicas: 5}}, &autoscalingv1.Scale{}, "scale"),
			refused: apierrors.IsInternalError, text: "does not see which Reservation is scaled",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := validate(t.Context(), &tc.sites, configuration{UnknownSites: deny}, tc.request)
			switch {
			case tc.refused == nil && err != nil:
				t.Errorf("got %v, want it to be accepted", err)
			case tc.refused != nil && (err == nil || !tc.refused(err) || !strings.Contains(err.Error(), tc.text)):
				t.Errorf("got %v, want %s", err, tc.text)
			}
			if tc.sites.reads != tc.reads {
				t.Errorf("it asked %d times, want %d", tc.sites.reads, tc.reads)
			}
		})
	}
}

func TestOtherResources(t *testing.T) {
	t.Parallel()
	a := admission.NewAttributesRecord(reservation(1), nil, schema.GroupVersionKind{}, "n", "a",
		schema.GroupVersionResource{Group: capacity.GroupName, Resource: "others"}, "", admission.Create, nil, false, nil)
	if err := validate(t.Context(), &known{}, configuration{}, a); err != nil {
		t.Errorf("got %v, want it to be none of the plugin's business", err)
	}
}

// warnings collects what clients are warned of.
type warnings []string

func (w *warnings) AddWarning(_, text string) { *w = append(*w, text) }

func TestUnknownSites(t *testing.T) {
	t.Parallel()
	for policy, want := range map[unknownSites]struct{ unknown, warned, lacking bool }{
		deny:  {},
		warn:  {unknown: true, warned: true},
		allow: {unknown: true},
	} {
		for name, tc := range map[string]struct {
			sites    known
			accepted bool
		}{
			"no such site":    {known{}, want.unknown},
			"nobody can tell": {known{err: errors.New("nobody answers")}, want.unknown},
			"too small":       {known{current: site(1, 0, topologyv1.SiteOnline)}, false},
		} {
			t.Run(fmt.Sprintf("%s, %s", policy, name), func(t *testing.T) {
				t.Parallel()
				var warned warnings
				err := validate(warning.WithWarningRecorder(t.Context(), &warned), &tc.sites, configuration{UnknownSites: policy}, request(reservation(2), nil, ""))
				if (err == nil) != tc.accepted {
					t.Errorf("got %v, want it to be accepted: %t", err, tc.accepted)
				}
				if want := want.warned && tc.accepted; want != (len(warned) == 1) || want && !strings.Contains(warned[0], "ams-1") {
					t.Errorf("warned of %q, want that: %t", warned, want)
				}
			})
		}
	}
}

func TestConfiguration(t *testing.T) {
	t.Parallel()
	const head = "apiVersion: sitecheck.capacity.example.com/v1alpha1\nkind: SiteCheckConfiguration\n"
	for name, tc := range map[string]struct{ content, want, err string }{
		"a policy":        {content: head + "unknownSites: Warn", want: "Warn"},
		"JSON":            {content: `{"apiVersion":"sitecheck.capacity.example.com/v1alpha1","kind":"SiteCheckConfiguration","unknownSites":"Allow"}`, want: "Allow"},
		"the default":     {content: head, want: "Deny"},
		"another policy":  {content: head + "unknownSites: Maybe", err: `unknownSites: "Maybe": want Deny, Warn or Allow`},
		"another field":   {content: head + "unknown: Warn", err: "unknown"},
		"another version": {content: "apiVersion: v1\nkind: SiteCheckConfiguration", err: "want SiteCheckConfiguration of sitecheck.capacity.example.com/v1alpha1"},
		"nothing":         {content: "", err: "want SiteCheckConfiguration"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			made, err := Plugin.New(strings.NewReader(tc.content))
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Errorf("got %v, want %s", err, tc.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := made.(*plugin).configuration.UnknownSites; string(got) != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
	made, err := Plugin.New(nil)
	if err != nil || made.(*plugin).configuration.UnknownSites != deny {
		t.Errorf("without a configuration: got %v, %v; want Deny", made, err)
	}
}

func TestPluginNeedsReflectors(t *testing.T) {
	t.Parallel()
	if err := newPlugin(configuration{}).ValidateInitialization(); err == nil || !strings.Contains(err.Error(), "no reflectors were set") {
		t.Errorf("got %v, want an error about reflectors", err)
	}
}
