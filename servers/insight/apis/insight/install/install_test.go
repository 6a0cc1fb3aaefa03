package install

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"example.com/annex/servers/insight/apis/insight"
	"example.com/annex/servers/insight/apis/insight/fuzzer"
	"example.com/annex/servers/insight/apis/insight/v1"
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
	for name, tc := range map[string]struct{ given, want v1.Priority }{
		"empty": {"", v1.PriorityNormal},
		"set":   {v1.PriorityLow, v1.PriorityLow},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := v1.UsageReview{Spec: v1.UsageReviewSpec{Priority: tc.given}}
			scheme.Default(&got)
			if got.Spec.Priority != tc.want {
				t.Errorf("priority %q defaulted to %q, want %q", tc.given, got.Spec.Priority, tc.want)
			}
		})
	}
}

func TestConversion(t *testing.T) {
	t.Parallel()
	meta := metav1.ObjectMeta{Name: "a", Labels: map[string]string{"b": "c"}}
	for name, tc := range map[string]struct{ internal, v1 runtime.Object }{
		"usage": {
			internal: &insight.SiteUsage{
				ObjectMeta: meta, Region: "eu-west", Phase: "Online",
				Slots:        insight.SiteSlots{Total: 40, Reserved: 5, Free: 32},
				Reservations: insight.ReservedSlots{Count: 2, Requested: 7, Bound: 3},
				Priorities:   []insight.PriorityUsage{{Priority: insight.PriorityHigh, Reservations: insight.ReservedSlots{Count: 1, Requested: 4, Bound: 1}}},
			},
			v1: &v1.SiteUsage{
				ObjectMeta: meta, Region: "eu-west", Phase: "Online",
				Slots:        v1.SiteSlots{Total: 40, Reserved: 5, Free: 32},
				Reservations: v1.ReservedSlots{Count: 2, Requested: 7, Bound: 3},
				Priorities:   []v1.PriorityUsage{{Priority: v1.PriorityHigh, Reservations: v1.ReservedSlots{Count: 1, Requested: 4, Bound: 1}}},
			},
		},
		"review": {
			internal: &insight.UsageReview{
				Spec:   insight.UsageReviewSpec{SiteName: "a", Slots: 3, Priority: insight.PriorityLow},
				Status: insight.UsageReviewStatus{Fits: true, FreeSlots: 2, ReclaimableSlots: 1, Reason: insight.ReasonReclaimable, Message: "b"},
			},
			v1: &v1.UsageReview{
				Spec:   v1.UsageReviewSpec{SiteName: "a", Slots: 3, Priority: v1.PriorityLow},
				Status: v1.UsageReviewStatus{Fits: true, FreeSlots: 2, ReclaimableSlots: 1, Reason: v1.ReasonReclaimable, Message: "b"},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			apitest.Convert(t, apitest.Scheme(t, Install), tc.v1, tc.internal)
		})
	}
}
