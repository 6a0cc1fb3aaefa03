package topology_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apiserver/pkg/endpoints/discovery"
	"sigs.k8s.io/e2e-framework/pkg/envconf"
	"sigs.k8s.io/e2e-framework/pkg/features"

	"example.com/annex/e2e/conformance"
	"example.com/annex/e2e/step"
)

// versions writes Sites in one version and reads them in the other.
func versions() *features.FeatureBuilder {
	var s step.Session
	v1, v1alpha1 := sitesV1(), sitesV1alpha1()

	create := func(ctx context.Context, t *testing.T, r conformance.Resource, name string) *unstructured.Unstructured {
		t.Helper()
		object, err := r.New(s.Namespace, name)
		if err != nil {
			t.Fatal(err)
		}
		if object, err = r.Objects(s.Clients, "").Create(ctx, object, metav1.CreateOptions{}); err != nil {
			t.Fatalf("creating %s in %s: %v", name, r.GVR.Version, err)
		}
		return object
	}
	get := func(ctx context.Context, t *testing.T, r conformance.Resource, name string) *unstructured.Unstructured {
		t.Helper()
		object, err := r.Objects(s.Clients, "").Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			t.Fatalf("reading %s in %s: %v", name, r.GVR.Version, err)
		}
		return object
	}
	expect := func(t *testing.T, object *unstructured.Unstructured, field string, want map[string]any) {
		t.Helper()
		if diff := cmp.Diff(want, object.Object[field]); diff != "" {
			t.Errorf("%s in %s (-want +got):\n%s", field, object.GetAPIVersion(), diff)
		}
	}
	shaped := func(policy string) (inV1, inV1alpha1 map[string]any) {
		inV1 = map[string]any{
			"region":           "eu-west",
			"coordinates":      map[string]any{"latitude": "52.3547", "longitude": "4.8339"},
			"capacity":         map[string]any{"slots": int64(40), "reservedSlots": int64(5)},
			"allocationPolicy": policy,
		}
		inV1alpha1 = map[string]any{
			"region": "eu-west", "coordinates": "52.3547,4.8339", "slots": int64(40), "reservedSlots": int64(5), "allocationPolicy": policy,
		}
		return inV1, inV1alpha1
	}

	return features.New("versions of sites").
		Setup(s.Open).
		Setup(func(ctx context.Context, t *testing.T, _ *envconf.Config) context.Context {
			t.Cleanup(func() {
				ctx, cancel := step.CleanupContext(ctx)
				defer cancel()
				// The cluster may be gone by now, and the objects with it.
				_ = v1.Objects(s.Clients, "").DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: conformance.Selector(s.Namespace)})
			})
			return ctx
		}).
		Assess("both are stored as v1", step.Do(func(ctx context.Context, t *testing.T) {
			want := discovery.StorageVersionHash(v1.GVR.Group, "v1", "Site")
			for _, r := range []conformance.Resource{v1, v1alpha1} {
				list, err := s.Kubernetes.Discovery().ServerResourcesForGroupVersion(r.GVR.GroupVersion().String())
				if err != nil {
					t.Fatal(err)
				}
				if got := list.APIResources[0]; got.Name != "sites" || got.StorageVersionHash != want {
					t.Errorf("%s: %s has the storage version hash %q, want %q", r.GVR.Version, got.Name, got.StorageVersionHash, want)
				}
			}
		})).
		Assess("each version has its default, and the other reads it", step.Do(func(ctx context.Context, t *testing.T) {
			for _, c := range []struct {
				in     conformance.Resource
				policy string
			}{{v1, "ByPriority"}, {v1alpha1, "ByAge"}} {
				object := create(ctx, t, c.in, "from-"+c.in.GVR.Version)
				inV1, inV1alpha1 := shaped(c.policy)
				expect(t, get(ctx, t, v1, object.GetName()), "spec", inV1)
				expect(t, get(ctx, t, v1alpha1, object.GetName()), "spec", inV1alpha1)
				expect(t, get(ctx, t, v1, object.GetName()), "status", map[string]any{"phase": "Pending"})
				expect(t, get(ctx, t, v1alpha1, object.GetName()), "status", map[string]any{"state": "Pending"})
			}
		})).
		Assess("an update in one version keeps what the other wrote", step.Do(func(ctx context.Context, t *testing.T) {
			object := create(ctx, t, v1, "updated")
			older := get(ctx, t, v1alpha1, object.GetName())
			conformance.Field{Path: []string{"spec", "slots"}, Value: int64(50)}.Set(t, older)
			if _, err := v1alpha1.Objects(s.Clients, "").Update(ctx, older, metav1.UpdateOptions{}); err != nil {
				t.Fatal(err)
			}
			want, _ := shaped("ByPriority")
			want["capacity"] = map[string]any{"slots": int64(50), "reservedSlots": int64(5)}
			got := get(ctx, t, v1, object.GetName())
			expect(t, got, "spec", want)
			if got.GetGeneration() != 2 || got.GetUID() != object.GetUID() {
				t.Errorf("generation %d and uid %s, want 2 and %s", got.GetGeneration(), got.GetUID(), object.GetUID())
			}
		})).
		Assess("an update that changes nothing but the version writes nothing", step.Do(func(ctx context.Context, t *testing.T) {
			object := create(ctx, t, v1alpha1, "same")
			same, err := v1.Objects(s.Clients, "").Update(ctx, get(ctx, t, v1, object.GetName()), metav1.UpdateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if same.GetResourceVersion() != object.GetResourceVersion() {
				t.Error("resourceVersion changed")
			}
		})).
		Assess("the status is written in either version", step.Do(func(ctx context.Context, t *testing.T) {
			object := create(ctx, t, v1, "status")
			for _, c := range []struct {
				in, out       conformance.Resource
				written, read string
				value         string
			}{{v1alpha1, v1, "state", "phase", "Online"}, {v1, v1alpha1, "phase", "state", "Offline"}} {
				patch := []byte(`{"status":{"` + c.written + `":"` + c.value + `","observedGeneration":1}}`)
				if _, err := c.in.Objects(s.Clients, "").Patch(ctx, object.GetName(), types.MergePatchType, patch, metav1.PatchOptions{}, "status"); err != nil {
					t.Fatalf("patching the status in %s: %v", c.in.GVR.Version, err)
				}
				expect(t, get(ctx, t, c.out, object.GetName()), "status", map[string]any{c.read: c.value, "observedGeneration": int64(1)})
			}
		})).
		Assess("a watch in one version sees what the other writes", step.Do(func(ctx context.Context, t *testing.T) {
			list, err := v1.Objects(s.Clients, "").List(ctx, metav1.ListOptions{Limit: 1})
			if err != nil {
				t.Fatal(err)
			}
			watch, err := v1.Objects(s.Clients, "").Watch(ctx, metav1.ListOptions{
				ResourceVersion: list.GetResourceVersion(), LabelSelector: conformance.Selector(s.Namespace), TimeoutSeconds: new(int64(30)),
			})
			if err != nil {
				t.Fatal(err)
			}
			defer watch.Stop()
			created := create(ctx, t, v1alpha1, "watched")
			event, open := <-watch.ResultChan()
			if !open {
				t.Fatal("the watch ended without an event")
			}
			object, ok := event.Object.(*unstructured.Unstructured)
			if !ok || object.GetUID() != created.GetUID() {
				t.Fatalf("got %s of %v, want the Site that was created", event.Type, event.Object)
			}
			want, _ := shaped("ByAge")
			expect(t, object, "spec", want)
		})).
		Assess("server-side apply: what one version owns, the other can't take", step.Do(func(ctx context.Context, t *testing.T) {
			apply := func(r conformance.Resource, manager string) error {
				object, err := r.New(s.Namespace, "applied")
				if err != nil {
					t.Fatal(err)
				}
				if manager == "second" {
					r.Change.Set(t, object)
				}
				_, err = r.Objects(s.Clients, "").Apply(ctx, object.GetName(), object, metav1.ApplyOptions{FieldManager: manager})
				return err
			}
			if err := apply(v1alpha1, "first"); err != nil {
				t.Fatal(err)
			}
			if err := apply(v1alpha1, "second"); !apierrors.IsConflict(err) || !strings.Contains(err.Error(), ".spec.slots") {
				t.Errorf("in the same version: got %v, want a conflict about .spec.slots", err)
			}
			if err := apply(v1, "second"); !apierrors.IsConflict(err) || !strings.Contains(err.Error(), `"first"`) {
				t.Errorf("in the other version: got %v, want a conflict with first", err)
			}
		})).
		Assess("each version selects by the names of its own fields", step.Do(func(ctx context.Context, t *testing.T) {
			object := create(ctx, t, v1, "selected")
			for _, c := range []struct {
				in             conformance.Resource
				selects, wrong string
			}{{v1, "status.phase", "status.state"}, {v1alpha1, "status.state", "status.phase"}} {
				selector := c.selects + "=Pending,spec.region=eu-west,metadata.name=" + object.GetName()
				list, err := c.in.Objects(s.Clients, "").List(ctx, metav1.ListOptions{FieldSelector: selector})
				if err != nil || len(list.Items) != 1 {
					t.Errorf("%s in %s: %v, and %v; want one Site", selector, c.in.GVR.Version, list, err)
				}
				_, err = c.in.Objects(s.Clients, "").List(ctx, metav1.ListOptions{FieldSelector: c.wrong + "=Pending"})
				if !apierrors.IsBadRequest(err) || !strings.Contains(err.Error(), c.selects) {
					t.Errorf("%s in %s: got %v, want a refusal that names %s", c.wrong, c.in.GVR.Version, err, c.selects)
				}
			}
		})).
		Assess("kubectl explain tells the versions apart", step.Do(func(ctx context.Context, t *testing.T) {
			for _, c := range []struct {
				in          conformance.Resource
				path, wants string
			}{
				{v1, "sites.spec.capacity", "reservedSlots"},
				{v1, "sites.spec.coordinates", "longitude"},
				{v1alpha1, "sites.spec", "reservedSlots"},
				{v1alpha1, "sites.status", "state"},
			} {
				out := s.Kubectl(ctx, t, "explain", "--api-version="+c.in.GVR.GroupVersion().String(), c.path)
				if !strings.Contains(out, c.wants+"\t<") || !strings.Contains(out, "VERSION:    "+c.in.GVR.Version+"\n") {
					t.Errorf("kubectl explain %s in %s does not have %s:\n%s", c.path, c.in.GVR.Version, c.wants, out)
				}
			}
		}))
}
