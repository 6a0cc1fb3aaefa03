package insight_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/e2e-framework/pkg/features"

	"example.com/annex/e2e/framework"
	"example.com/annex/e2e/step"
	capacityv1 "example.com/annex/servers/capacity/apis/capacity/v1"
	insightv1 "example.com/annex/servers/insight/apis/insight/v1"
	topologyv1 "example.com/annex/servers/topology/apis/topology/v1"
	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/reflector"
	"example.com/annex/tools/controlplane/extension"
)

const (
	// noticeTimeout is how long the end of a connection may take to be noticed.
	noticeTimeout = 10 * time.Second
	// answerTimeout is how long an answer may take once it was.
	answerTimeout = reflector.Grace
	// recoveryTimeout is twice the time after which kube-apiserver looks at an
	// APIService by itself.
	recoveryTimeout = time.Minute
)

// sourceDown kills one of the servers that the usage is computed from.
func sourceDown(server string, definition apiserver.Definition, resource string) *features.FeatureBuilder {
	s, f := about(server + " is down")
	var site string
	want := func() insightv1.SiteUsage {
		return insightv1.SiteUsage{
			Region: s.Namespace, Phase: "Online",
			Slots:        insightv1.SiteSlots{Total: 10, Reserved: 2, Free: 5},
			Reservations: insightv1.ReservedSlots{Count: 1, Requested: 4, Bound: 3},
			Priorities: []insightv1.PriorityUsage{
				{Priority: insightv1.PriorityNormal, Reservations: insightv1.ReservedSlots{Count: 1, Requested: 4, Bound: 3}},
			},
		}
	}
	requests := map[string]func(context.Context) error{
		"get": func(ctx context.Context) error {
			_, err := s.clients.InsightV1().SiteUsages().Get(ctx, site, metav1.GetOptions{})
			return err
		},
		"list": func(ctx context.Context) error {
			_, err := s.clients.InsightV1().SiteUsages().List(ctx, metav1.ListOptions{})
			return err
		},
		"review": func(ctx context.Context) error {
			_, err := s.clients.InsightV1().UsageReviews().Create(ctx, &insightv1.UsageReview{
				Spec: insightv1.UsageReviewSpec{SiteName: site, Slots: 1},
			}, metav1.CreateOptions{})
			return err
		},
	}
	var killed framework.Killable // nil unless the server is away.
	restart := func(ctx context.Context, t *testing.T) {
		t.Helper()
		if err := killed.Restart(ctx); err != nil {
			t.Fatal(err)
		}
		killed = nil
		// The features that follow use kubectl, which goes by discovery.
		step.Eventually(ctx, t, 2*recoveryTimeout, "discovery of "+server, func(ctx context.Context) error {
			return extension.Published(ctx, s.Kubernetes.Discovery().RESTClient(), definition.GroupVersions()...)
		})
	}
	return f.
		Setup(step.Do(func(ctx context.Context, t *testing.T) {
			// A feature that fails must not leave the others without the server.
			t.Cleanup(func() {
				if killed != nil {
					restart(ctx, t)
				}
			})
		})).
		Assess("before: the usage is there", step.Do(func(ctx context.Context, t *testing.T) {
			site = s.site(ctx, t, "a", topologyv1.AllocateByPriority)
			s.reserve(ctx, t, s.Namespace, "one", site, capacityv1.PriorityNormal, 4, 3)
			s.await(ctx, t, site, want())
		})).
		Assess("down: status 503 names what can't be read", step.Do(func(ctx context.Context, t *testing.T) {
			killed = framework.Need[framework.Killable](ctx, t, server)
			if err := killed.Kill(ctx); err != nil {
				t.Fatal(err)
			}
			step.Eventually(ctx, t, noticeTimeout, "the answer to be a refusal", func(ctx context.Context) error {
				if err := requests["get"](ctx); !apierrors.IsServiceUnavailable(err) {
					return fmt.Errorf("got %w, want status 503", err)
				}
				return nil
			})
			for name, request := range requests {
				started := time.Now()
				err := request(ctx)
				took := time.Since(started)
				if !apierrors.IsServiceUnavailable(err) || !strings.Contains(err.Error(), resource+" can't be read") {
					t.Errorf("%s: got %v, want status 503 about %s", name, err, resource)
				}
				if took > answerTimeout {
					t.Errorf("%s: the answer took %s", name, took)
				}
				t.Logf("%s after %s: %v", name, took, err)
			}
		})).
		Assess("down: discovery and OpenAPI of insight are still there", step.Do(func(ctx context.Context, t *testing.T) {
			framework.Need[framework.Killable](ctx, t, server)
			if err := extension.Published(ctx, s.Kubernetes.Discovery().RESTClient(), gv); err != nil {
				t.Error(err)
			}
			service, err := s.Aggregator.ApiregistrationV1().APIServices().Get(ctx, "v1."+gv.Group, metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			for _, condition := range service.Status.Conditions {
				if condition.Type == "Available" && condition.Status != "True" {
					t.Errorf("the APIService is %s: %s", condition.Reason, condition.Message)
				}
			}
		})).
		Assess("back: the usage is there again, with what was written meanwhile", step.Do(func(ctx context.Context, t *testing.T) {
			killed = framework.Need[framework.Killable](ctx, t, server)
			restart(ctx, t)
			s.await(ctx, t, site, want())
			s.reserve(ctx, t, s.Namespace, "two", site, capacityv1.PriorityNormal, 2, 0)
			step.Eventually(ctx, t, followTimeout, "the usage to follow", func(ctx context.Context) error {
				got, err := s.clients.InsightV1().SiteUsages().Get(ctx, site, metav1.GetOptions{})
				if err != nil {
					return err
				}
				if got.Reservations.Requested != 6 {
					return errors.New("it does not count the new reservation yet")
				}
				return nil
			})
		}))
}
