package insight_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/e2e-framework/pkg/features"

	"example.com/annex/e2e/step"
	capacityv1 "example.com/annex/servers/capacity/apis/capacity/v1"
	insightv1 "example.com/annex/servers/insight/apis/insight/v1"
	topologyv1 "example.com/annex/servers/topology/apis/topology/v1"
)

// review asks whether slots would fit.
func review() *features.FeatureBuilder {
	s, f := about("usage reviews")
	var ranked, aged string
	ask := func(ctx context.Context, spec insightv1.UsageReviewSpec, options metav1.CreateOptions) (*insightv1.UsageReview, error) {
		return s.clients.InsightV1().UsageReviews().Create(ctx, &insightv1.UsageReview{Spec: spec}, options)
	}
	return f.
		Assess("answers", step.Do(func(ctx context.Context, t *testing.T) {
			ranked, aged = s.site(ctx, t, "ranked", topologyv1.AllocateByPriority), s.site(ctx, t, "aged", topologyv1.AllocateByAge)
			for name, site := range map[string]string{"ranked": ranked, "aged": aged} {
				s.reserve(ctx, t, s.Namespace, name+"-low", site, capacityv1.PriorityLow, 3, 3)
				s.reserve(ctx, t, s.Namespace, name+"-high", site, capacityv1.PriorityHigh, 2, 2)
			}
			step.Eventually(ctx, t, followTimeout, "all reservations to count", func(ctx context.Context) error {
				for _, site := range []string{ranked, aged} {
					got, err := s.clients.InsightV1().SiteUsages().Get(ctx, site, metav1.GetOptions{})
					if err != nil {
						return err
					}
					if got.Reservations.Bound != 5 || got.Phase != "Online" {
						return fmt.Errorf("%s is %+v", site, got)
					}
				}
				return nil
			})
			for name, tc := range map[string]struct {
				spec insightv1.UsageReviewSpec
				want insightv1.UsageReviewStatus
			}{
				"free":                 {insightv1.UsageReviewSpec{SiteName: ranked, Slots: 3}, insightv1.UsageReviewStatus{Fits: true, FreeSlots: 3, ReclaimableSlots: 3, Reason: insightv1.ReasonFree}},
				"reclaimable":          {insightv1.UsageReviewSpec{SiteName: ranked, Slots: 6}, insightv1.UsageReviewStatus{Fits: true, FreeSlots: 3, ReclaimableSlots: 3, Reason: insightv1.ReasonReclaimable}},
				"too many":             {insightv1.UsageReviewSpec{SiteName: ranked, Slots: 7}, insightv1.UsageReviewStatus{FreeSlots: 3, ReclaimableSlots: 3, Reason: insightv1.ReasonTooFewSlots}},
				"too low":              {insightv1.UsageReviewSpec{SiteName: ranked, Slots: 4, Priority: insightv1.PriorityLow}, insightv1.UsageReviewStatus{FreeSlots: 3, Reason: insightv1.ReasonTooFewSlots}},
				"nobody loses to them": {insightv1.UsageReviewSpec{SiteName: aged, Slots: 4, Priority: insightv1.PriorityHigh}, insightv1.UsageReviewStatus{FreeSlots: 3, Reason: insightv1.ReasonTooFewSlots}},
				"no such site":         {insightv1.UsageReviewSpec{SiteName: s.named("absent"), Slots: 1}, insightv1.UsageReviewStatus{Reason: insightv1.ReasonNoSuchSite}},
			} {
				for _, options := range []metav1.CreateOptions{{}, {DryRun: []string{metav1.DryRunAll}}} {
					got, err := ask(ctx, tc.spec, options)
					if err != nil {
						t.Errorf("%s: %v", name, err)
						continue
					}
					if got.Status.Message == "" {
						t.Errorf("%s: there is no message", name)
					}
					got.Status.Message = ""
					if diff := cmp.Diff(tc.want, got.Status); diff != "" {
						t.Errorf("%s with %v (-want +got):\n%s", name, options, diff)
					}
				}
			}
		})).
		Assess("a site that is not online", step.Do(func(ctx context.Context, t *testing.T) {
			site, err := s.clients.TopologyV1().Sites().Get(ctx, aged, metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			site.Status.Phase = topologyv1.SiteOffline
			if _, err := s.clients.TopologyV1().Sites().UpdateStatus(ctx, site, metav1.UpdateOptions{}); err != nil {
				t.Fatal(err)
			}
			step.Eventually(ctx, t, followTimeout, "the answer", func(ctx context.Context) error {
				got, err := ask(ctx, insightv1.UsageReviewSpec{SiteName: aged, Slots: 1}, metav1.CreateOptions{})
				if err != nil {
					return err
				}
				if got.Status.Fits || got.Status.Reason != insightv1.ReasonNotOnline {
					return fmt.Errorf("got %+v", got.Status)
				}
				return nil
			})
		})).
		Assess("invalid ones are refused, with the fields", step.Do(func(ctx context.Context, t *testing.T) {
			_, err := ask(ctx, insightv1.UsageReviewSpec{SiteName: "Not A Name", Slots: -1, Priority: "Urgent"}, metav1.CreateOptions{})
			refused(t, err, apierrors.IsInvalid, "spec.siteName", "spec.slots", "spec.priority")
			_, err = ask(ctx, insightv1.UsageReviewSpec{}, metav1.CreateOptions{})
			refused(t, err, apierrors.IsInvalid, "spec.siteName: Required", "spec.slots: Required")
			for _, meta := range []metav1.ObjectMeta{{Name: "a"}, {GenerateName: "a-"}, {Labels: map[string]string{"a": "b"}}} {
				_, err := s.clients.InsightV1().UsageReviews().Create(ctx, &insightv1.UsageReview{
					ObjectMeta: meta, Spec: insightv1.UsageReviewSpec{SiteName: ranked, Slots: 1},
				}, metav1.CreateOptions{})
				refused(t, err, apierrors.IsInvalid, "metadata", "must be empty")
			}
		})).
		Assess("a status that is sent is ignored", step.Do(func(ctx context.Context, t *testing.T) {
			got, err := s.clients.InsightV1().UsageReviews().Create(ctx, &insightv1.UsageReview{
				Spec:   insightv1.UsageReviewSpec{SiteName: ranked, Slots: 1000},
				Status: insightv1.UsageReviewStatus{Fits: true, Reason: "Because"},
			}, metav1.CreateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if got.Status.Fits || got.Status.Reason != insightv1.ReasonTooFewSlots {
				t.Errorf("got %+v", got.Status)
			}
		})).
		Assess("kubectl create", step.Do(func(ctx context.Context, t *testing.T) {
			manifest := filepath.Join(t.TempDir(), "review.yaml")
			content := "apiVersion: insight.example.com/v1\nkind: UsageReview\nspec: {siteName: " + ranked + ", slots: 3}\n"
			if err := os.WriteFile(manifest, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			out := s.Kubectl(ctx, t, "create", "--filename="+manifest, "--output=jsonpath={.status.fits} {.status.reason} {.spec.priority}")
			if out != "true Free Normal" {
				t.Errorf("got %q", out)
			}
			if err := os.WriteFile(manifest, []byte(strings.Replace(content, "slots", "slotz", 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			// kubectl itself looks, by OpenAPI: it leaves that to servers only where a kind can be patched.
			if _, err := s.TryKubectl(ctx, t, "create", "--filename="+manifest); err == nil || !strings.Contains(err.Error(), `unknown field "slotz"`) {
				t.Errorf("a misspelt field: got %v", err)
			}
		}))
}
