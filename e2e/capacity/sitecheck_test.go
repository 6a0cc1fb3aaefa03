package capacity_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/e2e-framework/pkg/envconf"
	"sigs.k8s.io/e2e-framework/pkg/features"

	"example.com/annex/e2e/framework"
	"example.com/annex/e2e/resilience"
	"example.com/annex/e2e/resources"
	"example.com/annex/e2e/step"
	v1 "example.com/annex/servers/capacity/apis/capacity/v1"
	"example.com/annex/servers/capacity/apis/capacity/v1beta1"
	"example.com/annex/servers/client/clientset/versioned"
	typed "example.com/annex/servers/client/clientset/versioned/typed/capacity/v1"
	topology "example.com/annex/servers/topology/apis/topology/v1"
	"example.com/annex/servers/topology/apis/topology/v1alpha1"
)

// siteTrial is Reservations and Sites in the hands of one feature.
type siteTrial struct {
	step.Session
	clients      *versioned.Clientset
	reservations typed.ReservationInterface
}

func (tr *siteTrial) open(ctx context.Context, t *testing.T, cfg *envconf.Config) context.Context {
	ctx = tr.Open(ctx, t, cfg)
	var err error
	if tr.clients, err = versioned.NewForConfig(tr.Config); err != nil {
		t.Fatal(err)
	}
	tr.reservations = tr.clients.CapacityV1().Reservations(tr.Namespace)
	t.Cleanup(func() {
		ctx, cancel := step.CleanupContext(ctx)
		defer cancel()
		// The cluster may be gone by now, and the objects with it.
		_ = tr.clients.TopologyV1().Sites().DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "e2e.example.com/sites=" + tr.Namespace})
	})
	return ctx
}

// site is the full name of a site of the feature's own.
func (tr *siteTrial) site(name string) string { return tr.Namespace + "-" + name }

// newSite makes a site that has 35 slots for Reservations.
func (tr *siteTrial) newSite(ctx context.Context, t *testing.T, name string) {
	t.Helper()
	_, err := tr.clients.TopologyV1().Sites().Create(ctx, &topology.Site{
		ObjectMeta: metav1.ObjectMeta{Name: tr.site(name), Labels: map[string]string{"e2e.example.com/sites": tr.Namespace}},
		Spec:       topology.SiteSpec{Region: "eu-west", Capacity: topology.SiteCapacity{Slots: 40, ReservedSlots: 5}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

func (tr *siteTrial) setPhase(ctx context.Context, t *testing.T, name string, phase topology.SitePhase) {
	t.Helper()
	_, err := tr.clients.TopologyV1().Sites().Patch(ctx, tr.site(name), types.MergePatchType, []byte(`{"status":{"phase":"`+string(phase)+`"}}`), metav1.PatchOptions{}, "status")
	if err != nil {
		t.Fatal(err)
	}
}

// reserve creates a Reservation.
func (tr *siteTrial) reserve(ctx context.Context, name, site string, slots int32, dryRun ...string) error {
	_, err := tr.reservations.Create(ctx, &v1.Reservation{
		ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1.ReservationSpec{SiteName: site, Slots: slots},
	}, metav1.CreateOptions{DryRun: dryRun})
	return err
}

func (tr *siteTrial) patch(ctx context.Context, name, patch string, subresources ...string) error {
	// Not the typed client: it does not know the kind of the scale.
	_, err := resources.Reservations()[0].Objects(tr.Clients, tr.Namespace).Patch(ctx, name, types.MergePatchType, []byte(patch), metav1.PatchOptions{}, subresources...)
	return err
}

func expectForbidden(t *testing.T, what string, err error, text string) {
	t.Helper()
	if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), text) {
		t.Errorf("%s: got %v, want it to be forbidden: %s", what, err, text)
	}
}

func expectAccepted(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

// siteCheck asks sites for what they have and what they have not.
func siteCheck() *features.FeatureBuilder {
	const tooMany = "has 35 slots for Reservations (40 less the 5 that it keeps), and not 36"
	tr := &siteTrial{}
	return features.New("SiteCheck").
		Setup(tr.open).
		Assess("a site that does not exist", step.Do(func(ctx context.Context, t *testing.T) {
			text := fmt.Sprintf(`there is no site %q in topology.example.com`, tr.site("nowhere"))
			expectForbidden(t, "create", tr.reserve(ctx, "nowhere", tr.site("nowhere"), 1), text)
			expectForbidden(t, "dry run", tr.reserve(ctx, "nowhere", tr.site("nowhere"), 1, metav1.DryRunAll), text)
			_, err := tr.clients.CapacityV1beta1().Reservations(tr.Namespace).Create(ctx, &v1beta1.Reservation{
				ObjectMeta: metav1.ObjectMeta{GenerateName: "nowhere-"},
				Spec: v1beta1.ReservationSpec{
					SiteRef: v1beta1.SiteReference{Name: tr.site("nowhere")}, Request: v1beta1.ReservationRequest{Slots: 1},
				},
			}, metav1.CreateOptions{})
			expectForbidden(t, "create in v1beta1, with generateName", err, text)
		})).
		Assess("a site that was created just now", step.Do(func(ctx context.Context, t *testing.T) {
			for i := range 10 {
				name := fmt.Sprintf("new-%d", i)
				tr.newSite(ctx, t, name)
				expectAccepted(t, "create", tr.reserve(ctx, name, tr.site(name), 35))
			}
			_, err := tr.clients.TopologyV1alpha1().Sites().Create(ctx, &v1alpha1.Site{
				ObjectMeta: metav1.ObjectMeta{Name: tr.site("alpha"), Labels: map[string]string{"e2e.example.com/sites": tr.Namespace}},
				Spec:       v1alpha1.SiteSpec{Region: "eu-west", Slots: 1},
			}, metav1.CreateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			expectAccepted(t, "at a site that was created in another version", tr.reserve(ctx, "alpha", tr.site("alpha"), 1))
		})).
		Assess("more slots than the site has", step.Do(func(ctx context.Context, t *testing.T) {
			tr.newSite(ctx, t, "small")
			expectForbidden(t, "create", tr.reserve(ctx, "greedy", tr.site("small"), 36), tooMany)
			expectAccepted(t, "a dry run of less", tr.reserve(ctx, "modest", tr.site("small"), 35, metav1.DryRunAll))
			expectAccepted(t, "less", tr.reserve(ctx, "modest", tr.site("small"), 30))
			expectForbidden(t, "an update", tr.patch(ctx, "modest", `{"spec":{"slots":36}}`), tooMany)
			expectForbidden(t, "the scale", tr.patch(ctx, "modest", `{"spec":{"replicas":36}}`, "scale"), tooMany)
			if _, err := tr.TryKubectl(ctx, t, "scale", "reservation/modest", "--replicas=36"); err == nil || !strings.Contains(err.Error(), tooMany) {
				t.Errorf("kubectl scale: got %v, want %s", err, tooMany)
			}
			if r, err := tr.reservations.Get(ctx, "modest", metav1.GetOptions{}); err != nil || r.Spec.Slots != 30 {
				t.Errorf("after refusals it has %d slots, %v; want 30", r.Spec.Slots, err)
			}
			expectAccepted(t, "scaling up to what there is", tr.patch(ctx, "modest", `{"spec":{"replicas":35}}`, "scale"))
			expectAccepted(t, "scaling down", tr.patch(ctx, "modest", `{"spec":{"slots":34}}`))
		})).
		Assess("a site that shrinks, and goes offline", step.Do(func(ctx context.Context, t *testing.T) {
			tr.newSite(ctx, t, "old")
			tr.setPhase(ctx, t, "old", topology.SiteOnline)
			expectAccepted(t, "create", tr.reserve(ctx, "resident", tr.site("old"), 30))
			if _, err := tr.clients.TopologyV1().Sites().Patch(ctx, tr.site("old"), types.MergePatchType, []byte(`{"spec":{"capacity":{"slots":15}}}`), metav1.PatchOptions{}); err != nil {
				t.Fatal(err)
			}
			// The informer learns of it a moment later.
			step.Eventually(ctx, t, 10*time.Second, "a refusal of what does not fit any more", func(ctx context.Context) error {
				return expectError(tr.reserve(ctx, "late", tr.site("old"), 11, metav1.DryRunAll), apierrors.IsForbidden)
			})
			expectAccepted(t, "scaling down to what is too much still", tr.patch(ctx, "resident", `{"spec":{"slots":20}}`))
			tr.setPhase(ctx, t, "old", topology.SiteOffline)
			step.Eventually(ctx, t, 10*time.Second, "a refusal of what is at a site that is Offline", func(ctx context.Context) error {
				return expectError(tr.reserve(ctx, "late", tr.site("old"), 1, metav1.DryRunAll), apierrors.IsForbidden)
			})
			expectForbidden(t, "create", tr.reserve(ctx, "late", tr.site("old"), 1), "is Offline")
			expectForbidden(t, "scaling up", tr.patch(ctx, "resident", `{"spec":{"slots":21}}`), "is Offline")
			expectAccepted(t, "a label", tr.patch(ctx, "resident", `{"metadata":{"labels":{"kept":"yes"}}}`))
			expectAccepted(t, "the status", tr.patch(ctx, "resident", `{"status":{"observedGeneration":1}}`, "status"))
			expectAccepted(t, "scaling down", tr.patch(ctx, "resident", `{"spec":{"replicas":1}}`, "scale"))
			expectAccepted(t, "deletion", tr.reservations.Delete(ctx, "resident", metav1.DeleteOptions{}))
			// A site that is back is found, although the informer has it Offline for a moment.
			tr.setPhase(ctx, t, "old", topology.SiteOnline)
			expectAccepted(t, "create, at once", tr.reserve(ctx, "late", tr.site("old"), 1))
		}))
}

func expectError(err error, is func(error) bool) error {
	switch {
	case err == nil:
		return errors.New("it was accepted")
	case !is(err):
		return err
	}
	return nil
}

// refusalTimeout is how long a create may take that asks a server which is not there.
const refusalTimeout = 3 * time.Second

// topologyAway kills the server that SiteCheck reads from.
func topologyAway() *features.FeatureBuilder {
	tr := &siteTrial{}
	var killed framework.Killable // nil unless the server is away.
	restart := func(ctx context.Context, t *testing.T) {
		t.Helper()
		if err := killed.Restart(ctx); err != nil {
			t.Fatal(err)
		}
		killed = nil
		for _, gv := range []string{"v1", "v1alpha1"} {
			resilience.AwaitAvailable(ctx, t, &tr.Session, schema.GroupVersion{Group: topology.GroupName, Version: gv})
		}
	}
	return features.New("SiteCheck without topology").
		Setup(tr.open).
		Setup(step.Do(func(ctx context.Context, t *testing.T) {
			t.Cleanup(func() {
				if killed != nil {
					restart(ctx, t)
				}
			})
		})).
		Assess("killed: what asks for slots is refused, soon and with the reason", step.Do(func(ctx context.Context, t *testing.T) {
			expectAccepted(t, "create, before", tr.reserve(ctx, "resident", "ams-1", 4))
			killed = framework.Need[framework.Killable](ctx, t, "topology")
			if err := killed.Kill(ctx); err != nil {
				t.Fatal(err)
			}
			attempt := func(ctx context.Context, do func(context.Context) error) error {
				started := time.Now()
				err := do(ctx)
				if took := time.Since(started); took > refusalTimeout {
					t.Errorf("the answer took %s: %v", took, err)
				}
				return err
			}
			create := func(ctx context.Context) error { return tr.reserve(ctx, "late", "ams-1", 4, metav1.DryRunAll) }
			// The informer notices a moment after the server's end.
			step.Eventually(ctx, t, 10*time.Second, "a refusal", func(ctx context.Context) error {
				return expectError(attempt(ctx, create), apierrors.IsServiceUnavailable)
			})
			for what, do := range map[string]func(context.Context) error{
				"create":     create,
				"update":     func(ctx context.Context) error { return tr.patch(ctx, "resident", `{"spec":{"slots":5}}`) },
				"scaling up": func(ctx context.Context) error { return tr.patch(ctx, "resident", `{"spec":{"replicas":5}}`, "scale") },
			} {
				err := attempt(ctx, do)
				if !apierrors.IsServiceUnavailable(err) {
					t.Errorf("%s: got %v, want status 503", what, err)
					continue
				}
				for _, want := range []string{`site "ams-1" can't be read`, "topology.example.com", "--disable-admission-plugins=SiteCheck"} {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("%s: the refusal does not say %q: %v", what, want, err)
					}
				}
			}
		})).
		Assess("killed: everything else works", step.Do(func(ctx context.Context, t *testing.T) {
			framework.Need[framework.Killable](ctx, t, "topology")
			if list, err := tr.reservations.List(ctx, metav1.ListOptions{}); err != nil || len(list.Items) != 1 {
				t.Errorf("list: got %d objects, %v; want 1", len(list.Items), err)
			}
			expectAccepted(t, "a label", tr.patch(ctx, "resident", `{"metadata":{"labels":{"kept":"yes"}}}`))
			expectAccepted(t, "the status", tr.patch(ctx, "resident", `{"status":{"observedGeneration":1}}`, "status"))
			expectAccepted(t, "scaling down", tr.patch(ctx, "resident", `{"spec":{"replicas":3}}`, "scale"))
			expectAccepted(t, "deletion", tr.reservations.Delete(ctx, "resident", metav1.DeleteOptions{}))
		})).
		Assess("back: it recovers by itself", step.Do(func(ctx context.Context, t *testing.T) {
			killed = framework.Need[framework.Killable](ctx, t, "topology")
			restart(ctx, t)
			expectAccepted(t, "create", tr.reserve(ctx, "late", "ams-1", 4))
			expectAccepted(t, "scaling up", tr.patch(ctx, "late", `{"spec":{"replicas":5}}`, "scale"))
		}))
}

func TestSiteCheck(t *testing.T) { t.Parallel(); testenv.Test(t, siteCheck()) }
