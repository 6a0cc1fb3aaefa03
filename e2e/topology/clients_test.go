package topology_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"sigs.k8s.io/e2e-framework/pkg/features"

	"example.com/annex/e2e/step"
	apply "example.com/annex/servers/client/applyconfiguration/topology/v1"
	applyalpha "example.com/annex/servers/client/applyconfiguration/topology/v1alpha1"
	"example.com/annex/servers/client/clientset/versioned"
	"example.com/annex/servers/client/informers/externalversions"
	informers "example.com/annex/servers/client/informers/externalversions/topology/v1"
	v1 "example.com/annex/servers/topology/apis/topology/v1"
	"example.com/annex/servers/topology/apis/topology/v1alpha1"
)

// newInformer is the generated informer, for features that need no more of it.
func newInformer(config *rest.Config, _ string, tweak func(*metav1.ListOptions)) (cache.SharedIndexInformer, error) {
	clients, err := versioned.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	return informers.NewFilteredSiteInformer(clients, 0, cache.Indexers{}, tweak), nil
}

// generatedClients uses the generated clients of both versions next to each other.
func generatedClients() *features.FeatureBuilder {
	const label = "e2e.example.com/clients"
	var s step.Session
	var clients *versioned.Clientset
	var factory externalversions.SharedInformerFactory
	mine := func() string { return label + "=" + s.Namespace }
	name := func(name string) string { return s.Namespace + "-" + name }

	return features.New("generated clients of sites").
		Setup(s.Open).
		Setup(step.Do(func(ctx context.Context, t *testing.T) {
			var err error
			if clients, err = versioned.NewForConfig(s.Config); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				ctx, cancel := step.CleanupContext(ctx)
				defer cancel()
				// The cluster may be gone by now, and the objects with it.
				_ = clients.TopologyV1().Sites().DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: mine()})
			})
			factory = externalversions.NewSharedInformerFactoryWithOptions(clients, 0,
				externalversions.WithTweakListOptions(func(o *metav1.ListOptions) { o.LabelSelector = mine() }))
			factory.Topology().V1().Sites().Informer()
			factory.Topology().V1alpha1().Sites().Informer()
			ctx, cancel := context.WithCancel(ctx)
			factory.Start(ctx.Done())
			t.Cleanup(func() {
				cancel()
				factory.Shutdown()
			})
			for informer, synced := range factory.WaitForCacheSync(ctx.Done()) {
				if !synced {
					t.Fatalf("the informer of %s is not synced", informer)
				}
			}
		})).
		Assess("what one version's client writes, the other's reads", step.Do(func(ctx context.Context, t *testing.T) {
			_, err := clients.TopologyV1alpha1().Sites().Create(ctx, &v1alpha1.Site{
				ObjectMeta: metav1.ObjectMeta{Name: name("a"), Labels: map[string]string{label: s.Namespace}},
				Spec:       v1alpha1.SiteSpec{Region: "eu-west", Coordinates: "52.3547,4.8339", Slots: 40},
			}, metav1.CreateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			site, err := clients.TopologyV1().Sites().Get(ctx, name("a"), metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if c := site.Spec.Coordinates; c == nil || c.Latitude != "52.3547" || site.Spec.Capacity.Slots != 40 || site.Spec.AllocationPolicy != v1.AllocateByAge {
				t.Errorf("got %+v", site.Spec)
			}
			site.Status.Phase = v1.SiteOnline
			if _, err := clients.TopologyV1().Sites().UpdateStatus(ctx, site, metav1.UpdateOptions{}); err != nil {
				t.Fatal(err)
			}
			older, err := clients.TopologyV1alpha1().Sites().Get(ctx, name("a"), metav1.GetOptions{})
			if err != nil || older.Status.State != v1alpha1.SiteOnline {
				t.Errorf("got the status %+v, %v, want Online", older.Status, err)
			}
		})).
		Assess("apply in both versions", step.Do(func(ctx context.Context, t *testing.T) {
			mineToo := map[string]string{label: s.Namespace}
			_, err := clients.TopologyV1().Sites().Apply(ctx, apply.Site(name("b")).WithLabels(mineToo).WithSpec(
				apply.SiteSpec().WithRegion("eu-west").WithCapacity(apply.SiteCapacity().WithSlots(10))), metav1.ApplyOptions{FieldManager: "first"})
			if err != nil {
				t.Fatal(err)
			}
			_, err = clients.TopologyV1alpha1().Sites().Apply(ctx, applyalpha.Site(name("b")).WithSpec(
				applyalpha.SiteSpec().WithRegion("eu-west").WithSlots(20)), metav1.ApplyOptions{FieldManager: "second"})
			if !apierrors.IsConflict(err) || !strings.Contains(err.Error(), `"first"`) {
				t.Errorf("got %v, want a conflict with first", err)
			}
			status, err := clients.TopologyV1alpha1().Sites().ApplyStatus(ctx,
				applyalpha.Site(name("b")).WithStatus(applyalpha.SiteStatus().WithState(v1alpha1.SiteOnline)), metav1.ApplyOptions{FieldManager: "second"})
			if err != nil {
				t.Fatal(err)
			}
			owned, err := applyalpha.ExtractSiteStatus(status, "second")
			if err != nil || owned.Status == nil || owned.Status.State == nil || *owned.Status.State != v1alpha1.SiteOnline {
				t.Errorf("extracted %+v, %v, want the state Online", owned, err)
			}
		})).
		Assess("the informers of both versions have the same, each as it is in its version", step.Do(func(ctx context.Context, t *testing.T) {
			step.Eventually(ctx, t, 10*time.Second, "the listers", func(context.Context) error {
				current, err := factory.Topology().V1().Sites().Lister().List(labels.Everything())
				if err != nil {
					return err
				}
				if len(current) != 2 {
					return fmt.Errorf("v1 has %d sites, want 2", len(current))
				}
				for _, site := range current {
					older, err := factory.Topology().V1alpha1().Sites().Lister().Get(site.Name)
					if err != nil {
						return err
					}
					if older.ResourceVersion != site.ResourceVersion || older.Spec.Slots != site.Spec.Capacity.Slots || string(older.Status.State) != string(site.Status.Phase) {
						return fmt.Errorf("got %+v in v1 and %+v in v1alpha1", site, older)
					}
					if site.Status.Phase != v1.SiteOnline {
						return fmt.Errorf("%s is %s, want Online", site.Name, site.Status.Phase)
					}
				}
				return nil
			})
		}))
}

func TestGeneratedClients(t *testing.T) {
	t.Parallel()
	testenv.Test(t, generatedClients())
}
