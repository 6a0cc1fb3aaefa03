package insight_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/e2e-framework/pkg/envconf"
	"sigs.k8s.io/e2e-framework/pkg/features"

	"example.com/annex/e2e/step"
	capacityv1 "example.com/annex/servers/capacity/apis/capacity/v1"
	"example.com/annex/servers/client/clientset/versioned"
	insightv1 "example.com/annex/servers/insight/apis/insight/v1"
	topologyv1 "example.com/annex/servers/topology/apis/topology/v1"
)

// followTimeout is how long the usage may take to follow a write: it lags by
// milliseconds, except while a reflector that was out of step tries again.
const followTimeout = 30 * time.Second

// session is what the steps of a feature share.
type session struct {
	step.Session
	clients *versioned.Clientset
}

// about starts a feature. Its Sites are deleted when it ends, and its
// Reservations with its namespaces.
func about(name string) (*session, *features.FeatureBuilder) {
	s := &session{}
	return s, features.New(name).
		Setup(func(ctx context.Context, t *testing.T, cfg *envconf.Config) context.Context {
			ctx = s.Open(ctx, t, cfg)
			var err error
			if s.clients, err = versioned.NewForConfig(s.Config); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				ctx, cancel := step.CleanupContext(ctx)
				defer cancel()
				// The cluster may be gone by now, and the Sites with it.
				_ = s.clients.TopologyV1().Sites().DeleteCollection(ctx, metav1.DeleteOptions{}, s.mine())
			})
			return ctx
		})
}

// label is on all Sites of a feature, with its namespace.
const label = "e2e.example.com/insight"

// mine selects the feature's Sites, and their usage.
func (s *session) mine() metav1.ListOptions {
	return metav1.ListOptions{LabelSelector: label + "=" + s.Namespace}
}

func (s *session) named(name string) string { return s.Namespace + "-" + name }

// site makes a Site that is Online, with 10 slots of which it keeps 2.
func (s *session) site(ctx context.Context, t *testing.T, name string, policy topologyv1.AllocationPolicy) string {
	t.Helper()
	sites := s.clients.TopologyV1().Sites()
	site, err := sites.Create(ctx, &topologyv1.Site{
		ObjectMeta: metav1.ObjectMeta{Name: s.named(name), Labels: map[string]string{label: s.Namespace}},
		Spec: topologyv1.SiteSpec{
			Region: s.Namespace, Capacity: topologyv1.SiteCapacity{Slots: 10, ReservedSlots: 2}, AllocationPolicy: policy,
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	site.Status.Phase = topologyv1.SiteOnline
	if _, err := sites.UpdateStatus(ctx, site, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	return site.Name
}

// reserve makes a Reservation in a namespace that asks for slots, and holds some.
func (s *session) reserve(ctx context.Context, t *testing.T, namespace, name, site string, priority capacityv1.ReservationPriority, slots, bound int32) {
	t.Helper()
	reservations := s.clients.CapacityV1().Reservations(namespace)
	r, err := reservations.Create(ctx, &capacityv1.Reservation{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       capacityv1.ReservationSpec{SiteName: site, Slots: slots, Priority: priority},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s.bind(ctx, t, r, capacityv1.ReservationBound, bound)
}

// bind says in a Reservation's status how many slots it holds.
func (s *session) bind(ctx context.Context, t *testing.T, r *capacityv1.Reservation, phase capacityv1.ReservationPhase, bound int32) {
	t.Helper()
	if bound == 0 && phase == capacityv1.ReservationBound {
		return // It stays Pending.
	}
	r.Status.Phase, r.Status.BoundSlots = phase, bound
	if _, err := s.clients.CapacityV1().Reservations(r.Namespace).UpdateStatus(ctx, r, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// await waits until the usage of a Site is what is wanted, less its metadata.
func (s *session) await(ctx context.Context, t *testing.T, site string, want insightv1.SiteUsage) *insightv1.SiteUsage {
	t.Helper()
	var found *insightv1.SiteUsage
	step.Eventually(ctx, t, followTimeout, "the usage of "+site, func(ctx context.Context) error {
		got, err := s.clients.InsightV1().SiteUsages().Get(ctx, site, metav1.GetOptions{})
		if err != nil {
			return err
		}
		found = got.DeepCopy()
		got.ObjectMeta, got.TypeMeta = metav1.ObjectMeta{}, metav1.TypeMeta{}
		if diff := cmp.Diff(&want, got); diff != "" {
			return fmt.Errorf("it differs (-want +got):\n%s", diff)
		}
		return nil
	})
	return found
}
