package versions

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
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

// trial is a resource's versions in the hands of the feature.
type trial struct {
	step.Session
	versions []Version
}

// Feature writes objects in each version and reads them in the others. Objects are stored in the first.
func Feature(versions ...Version) *features.FeatureBuilder {
	tr := &trial{versions: versions}
	stored := versions[0]
	return features.New("versions of "+stored.GVR.Resource).
		Setup(tr.Open).
		Setup(func(ctx context.Context, t *testing.T, _ *envconf.Config) context.Context {
			t.Cleanup(func() {
				ctx, cancel := step.CleanupContext(ctx)
				defer cancel()
				// The cluster may be gone by now, and the objects with it.
				_ = stored.Objects(tr.Clients, tr.Namespace).DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: conformance.Selector(tr.Namespace)})
			})
			return ctx
		}).
		Assess("all are stored as "+stored.name(), step.Do(func(ctx context.Context, t *testing.T) {
			want := discovery.StorageVersionHash(stored.GVR.Group, stored.name(), stored.Kind)
			for _, v := range versions {
				list, err := tr.Kubernetes.Discovery().ServerResourcesForGroupVersion(v.GVR.GroupVersion().String())
				if err != nil {
					t.Fatal(err)
				}
				i := slices.IndexFunc(list.APIResources, func(r metav1.APIResource) bool { return r.Name == v.GVR.Resource })
				if i < 0 {
					t.Errorf("%s does not have %s", v.name(), v.GVR.Resource)
				} else if got := list.APIResources[i].StorageVersionHash; got != want {
					t.Errorf("%s: %s has the storage version hash %q, want %q", v.name(), v.GVR.Resource, got, want)
				}
			}
		})).
		Assess("each version has its defaults, and the others read them", step.Do(func(ctx context.Context, t *testing.T) {
			for _, from := range versions {
				object := tr.create(ctx, t, from, "from-"+from.name())
				for _, v := range versions {
					got := tr.get(ctx, t, v, object.GetName())
					expect(t, got, "spec", v.read(t, from))
					expect(t, got, "status", decode(t, v.NewStatus))
				}
			}
		})).
		Assess("an update in one version keeps what another wrote", step.Do(func(ctx context.Context, t *testing.T) {
			tr.pairs(func(from, other Version) {
				object := tr.create(ctx, t, from, "updated-"+from.name()+"-"+other.name())
				read := tr.get(ctx, t, other, object.GetName())
				other.Change.Set(t, read)
				if _, err := other.Objects(tr.Clients, tr.Namespace).Update(ctx, read, metav1.UpdateOptions{}); err != nil {
					t.Fatal(err)
				}
				want := &unstructured.Unstructured{Object: map[string]any{"spec": from.read(t, from)}}
				from.Change.Set(t, want)
				got := tr.get(ctx, t, from, object.GetName())
				expect(t, got, "spec", want.Object["spec"])
				if got.GetGeneration() != 2 || got.GetUID() != object.GetUID() {
					t.Errorf("generation %d and uid %s, want 2 and %s", got.GetGeneration(), got.GetUID(), object.GetUID())
				}
			})
		})).
		Assess("an update that changes nothing but the version writes nothing", step.Do(func(ctx context.Context, t *testing.T) {
			tr.pairs(func(from, other Version) {
				object := tr.create(ctx, t, from, "same-"+from.name()+"-"+other.name())
				same, err := other.Objects(tr.Clients, tr.Namespace).Update(ctx, tr.get(ctx, t, other, object.GetName()), metav1.UpdateOptions{})
				if err != nil {
					t.Fatal(err)
				}
				if same.GetResourceVersion() != object.GetResourceVersion() {
					t.Errorf("created in %s, updated in %s: the resourceVersion changed", from.name(), other.name())
				}
			})
		})).
		Assess("the status is written in any version", step.Do(func(ctx context.Context, t *testing.T) {
			for _, in := range versions {
				object := tr.create(ctx, t, in, "status-"+in.name())
				patch, err := json.Marshal(map[string]any{"status": decode(t, in.LaterStatus)})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := in.Objects(tr.Clients, tr.Namespace).Patch(ctx, object.GetName(), types.MergePatchType, patch, metav1.PatchOptions{}, "status"); err != nil {
					t.Fatalf("patching the status in %s: %v", in.name(), err)
				}
				for _, v := range versions {
					expect(t, tr.get(ctx, t, v, object.GetName()), "status", decode(t, v.LaterStatus))
				}
			}
		})).
		Assess("a watch in one version sees what another writes", step.Do(func(ctx context.Context, t *testing.T) {
			tr.pairs(func(from, other Version) {
				watched := other.Objects(tr.Clients, tr.Namespace)
				list, err := watched.List(ctx, metav1.ListOptions{Limit: 1})
				if err != nil {
					t.Fatal(err)
				}
				watch, err := watched.Watch(ctx, metav1.ListOptions{
					ResourceVersion: list.GetResourceVersion(), LabelSelector: conformance.Selector(tr.Namespace), TimeoutSeconds: new(int64(30)),
				})
				if err != nil {
					t.Fatal(err)
				}
				defer watch.Stop()
				created := tr.create(ctx, t, from, "watched-"+from.name()+"-"+other.name())
				event, open := <-watch.ResultChan()
				if !open {
					t.Fatalf("the watch in %s ended without an event", other.name())
				}
				object, ok := event.Object.(*unstructured.Unstructured)
				if !ok || object.GetUID() != created.GetUID() {
					t.Fatalf("got %s of %v, want %s, which was created", event.Type, event.Object, created.GetName())
				}
				expect(t, object, "spec", other.read(t, from))
			})
		})).
		Assess("server-side apply: what one version owns, another can't take", step.Do(func(ctx context.Context, t *testing.T) {
			tr.pairs(func(owner, other Version) {
				apply := func(v Version, manager string) error {
					object := tr.sample(t, v, "applied-"+owner.name()+"-"+other.name())
					if manager == "second" {
						v.Change.Set(t, object)
					}
					_, err := v.Objects(tr.Clients, tr.Namespace).Apply(ctx, object.GetName(), object, metav1.ApplyOptions{FieldManager: manager})
					return err
				}
				if err := apply(owner, "first"); err != nil {
					t.Fatal(err)
				}
				if err := apply(owner, "second"); !apierrors.IsConflict(err) || !strings.Contains(err.Error(), "."+owner.Change.String()) {
					t.Errorf("in the same version, %s: got %v, want a conflict about .%s", owner.name(), err, owner.Change)
				}
				if err := apply(other, "second"); !apierrors.IsConflict(err) || !strings.Contains(err.Error(), `"first"`) {
					t.Errorf("in %s, after %s: got %v, want a conflict with first", other.name(), owner.name(), err)
				}
			})
		})).
		Assess("each version selects by the names of its own fields", step.Do(func(ctx context.Context, t *testing.T) {
			object := tr.create(ctx, t, stored, "selected")
			for _, v := range versions {
				list := func(selector string) (*unstructured.UnstructuredList, error) {
					return v.Objects(tr.Clients, tr.Namespace).List(ctx, metav1.ListOptions{FieldSelector: selector})
				}
				var selector strings.Builder
				fmt.Fprintf(&selector, "metadata.name=%s", object.GetName())
				for field, value := range v.Selectable {
					fmt.Fprintf(&selector, ",%s=%s", field, value)
				}
				if found, err := list(selector.String()); err != nil || len(found.Items) != 1 {
					t.Errorf("%s in %s: %v, and %v; want one object", &selector, v.name(), found, err)
				}
				for _, other := range versions {
					for field, value := range other.Selectable {
						if _, ours := v.Selectable[field]; ours {
							continue
						}
						_, err := list(field + "=" + value)
						if !apierrors.IsBadRequest(err) {
							t.Errorf("%s in %s: got %v, want a refusal", field, v.name(), err)
							continue
						}
						for known := range v.Selectable {
							if !strings.Contains(err.Error(), known) {
								t.Errorf("%s in %s: the refusal does not name %s: %v", field, v.name(), known, err)
							}
						}
					}
				}
			}
		})).
		Assess("kubectl explain tells the versions apart", step.Do(func(ctx context.Context, t *testing.T) {
			for _, v := range versions {
				paths := [][]string{v.Change.Path}
				for field := range decode(t, v.LaterStatus) {
					paths = append(paths, []string{"status", field})
				}
				for _, path := range paths {
					above, field := path[:len(path)-1], path[len(path)-1]
					explained := strings.Join(append([]string{v.GVR.Resource}, above...), ".")
					out := tr.Kubectl(ctx, t, "explain", "--api-version="+v.GVR.GroupVersion().String(), explained)
					if !strings.Contains(out, field+"\t<") || !strings.Contains(out, "VERSION:    "+v.name()+"\n") {
						t.Errorf("kubectl explain %s in %s does not have %s:\n%s", explained, v.name(), field, out)
					}
				}
			}
		}))
}

// pairs calls do with each version and each of the others.
func (tr *trial) pairs(do func(one, other Version)) {
	for _, one := range tr.versions {
		for _, other := range tr.versions {
			if other.name() != one.name() {
				do(one, other)
			}
		}
	}
}

func (tr *trial) sample(t *testing.T, v Version, name string) *unstructured.Unstructured {
	t.Helper()
	object, err := v.New(tr.Namespace, name)
	if err != nil {
		t.Fatal(err)
	}
	return object
}

func (tr *trial) create(ctx context.Context, t *testing.T, v Version, name string) *unstructured.Unstructured {
	t.Helper()
	object, err := v.Objects(tr.Clients, tr.Namespace).Create(ctx, tr.sample(t, v, name), metav1.CreateOptions{})
	if err != nil {
		t.Fatalf("creating %s in %s: %v", name, v.name(), err)
	}
	return object
}

func (tr *trial) get(ctx context.Context, t *testing.T, v Version, name string) *unstructured.Unstructured {
	t.Helper()
	object, err := v.Objects(tr.Clients, tr.Namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		t.Fatalf("reading %s in %s: %v", name, v.name(), err)
	}
	return object
}

func expect(t *testing.T, object *unstructured.Unstructured, field string, want any) {
	t.Helper()
	if diff := cmp.Diff(want, object.Object[field]); diff != "" {
		t.Errorf("%s of %s in %s (-want +got):\n%s", field, object.GetName(), object.GetAPIVersion(), diff)
	}
}
