package insight_test

import (
	"context"
	"fmt"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/e2e-framework/pkg/features"

	"example.com/annex/e2e/step"
	capacityv1 "example.com/annex/servers/capacity/apis/capacity/v1"
	insightv1 "example.com/annex/servers/insight/apis/insight/v1"
	topologyv1 "example.com/annex/servers/topology/apis/topology/v1"
)

// usage follows a Site and its Reservations from the first to the last.
func usage() *features.FeatureBuilder {
	s, f := about("the usage of a site")
	var site, elsewhere string
	want := func(free int64, sum insightv1.ReservedSlots, priorities ...insightv1.PriorityUsage) insightv1.SiteUsage {
		return insightv1.SiteUsage{
			Region: s.Namespace, Phase: "Online",
			Slots:        insightv1.SiteSlots{Total: 10, Reserved: 2, Free: free},
			Reservations: sum,
			Priorities:   priorities,
		}
	}
	sum := func(count, requested, bound int64) insightv1.ReservedSlots {
		return insightv1.ReservedSlots{Count: count, Requested: requested, Bound: bound}
	}
	priority := func(p insightv1.Priority, count, requested, bound int64) insightv1.PriorityUsage {
		return insightv1.PriorityUsage{Priority: p, Reservations: sum(count, requested, bound)}
	}
	return f.
		Setup(step.Do(func(ctx context.Context, t *testing.T) { elsewhere = s.NewNamespace(ctx, t) })).
		Assess("a new site is empty, and has the site's metadata", step.Do(func(ctx context.Context, t *testing.T) {
			site = s.site(ctx, t, "a", topologyv1.AllocateByPriority)
			got := s.await(ctx, t, site, want(8, sum(0, 0, 0)))
			origin, err := s.clients.TopologyV1().Sites().Get(ctx, site, metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if got.Labels[label] != s.Namespace || !got.CreationTimestamp.Equal(&origin.CreationTimestamp) || got.UID != "" || got.ResourceVersion != "" {
				t.Errorf("its metadata is %+v", got.ObjectMeta)
			}
		})).
		Assess("reservations of all namespaces count", step.Do(func(ctx context.Context, t *testing.T) {
			s.reserve(ctx, t, s.Namespace, "one", site, capacityv1.PriorityLow, 3, 3)
			s.reserve(ctx, t, elsewhere, "one", site, capacityv1.PriorityHigh, 4, 2)
			s.reserve(ctx, t, elsewhere, "two", site, capacityv1.PriorityLow, 1, 0)
			other := s.site(ctx, t, "other", topologyv1.AllocateByPriority)
			s.reserve(ctx, t, elsewhere, "other", other, capacityv1.PriorityLow, 7, 7)
			s.await(ctx, t, site, want(3, sum(3, 8, 5), priority(insightv1.PriorityHigh, 1, 4, 2), priority(insightv1.PriorityLow, 2, 4, 3)))
		})).
		Assess("what is released or deleted does not", step.Do(func(ctx context.Context, t *testing.T) {
			released, err := s.clients.CapacityV1().Reservations(s.Namespace).Get(ctx, "one", metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			s.bind(ctx, t, released, capacityv1.ReservationReleased, 0)
			if err := s.clients.CapacityV1().Reservations(elsewhere).Delete(ctx, "two", metav1.DeleteOptions{}); err != nil {
				t.Fatal(err)
			}
			s.await(ctx, t, site, want(6, sum(1, 4, 2), priority(insightv1.PriorityHigh, 1, 4, 2)))
		})).
		Assess("it goes with the site", step.Do(func(ctx context.Context, t *testing.T) {
			if err := s.clients.TopologyV1().Sites().Delete(ctx, site, metav1.DeleteOptions{}); err != nil {
				t.Fatal(err)
			}
			step.Eventually(ctx, t, followTimeout, "the usage to be gone", func(ctx context.Context) error {
				_, err := s.clients.InsightV1().SiteUsages().Get(ctx, site, metav1.GetOptions{})
				if !apierrors.IsNotFound(err) {
					return fmt.Errorf("got %w, want not found", err)
				}
				return nil
			})
		}))
}
