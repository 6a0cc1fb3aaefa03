package conformance

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apiserver/pkg/endpoints/discovery"
)

// Versions writes objects in this version of the resource and reads them in the others, without loss and by the names that each
// has for its fields. That the others are written, their own features check.
func Versions(r Resource) Feature {
	tr := try(r, "Versions", len(r.Versions) > 0)
	if !tr.Feature.Claimed {
		return tr.Feature
	}
	in := func(v Resource, what string, do func(ctx context.Context, t *testing.T, name string)) {
		tr.assess(what+" "+v.GVR.Version, func(ctx context.Context, t *testing.T) {
			do(ctx, t, nameOf(strings.ReplaceAll(what, ",", "")+"-"+v.GVR.Version))
		})
	}
	get := func(ctx context.Context, t *testing.T, v Resource, name string) *unstructured.Unstructured {
		t.Helper()
		object, err := v.Objects(tr.Clients, tr.Namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			t.Fatalf("reading %s in %s: %v", name, v.GVR.Version, err)
		}
		return object
	}
	if r.Stored != "" {
		tr.assess("objects are stored as "+r.Stored, func(ctx context.Context, t *testing.T) {
			list, err := tr.Kubernetes.Discovery().ServerResourcesForGroupVersion(r.GVR.GroupVersion().String())
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(list.APIResources, func(found metav1.APIResource) bool { return found.Name == r.GVR.Resource })
			if i < 0 {
				t.Fatalf("%s does not have %s", r.GVR.GroupVersion(), r.GVR.Resource)
			}
			if got, want := list.APIResources[i].StorageVersionHash, discovery.StorageVersionHash(r.GVR.Group, r.Stored, r.Kind); got != want {
				t.Errorf("the storage version hash is %q, want %q", got, want)
			}
		})
	}
	tr.assess("a new object has the defaults of this version", func(ctx context.Context, t *testing.T) {
		r.expectReads(t, r, tr.create(ctx, t, "new"))
	})
	for _, other := range r.Versions {
		in(other, "what is created is read in", func(ctx context.Context, t *testing.T, name string) {
			object := tr.create(ctx, t, name)
			got := get(ctx, t, other, object.GetName())
			r.expectReads(t, other, got)
			for _, field := range []string{"uid", "resourceVersion", "creationTimestamp", "generation", "labels"} {
				at := Field{Path: []string{"metadata", field}}
				expectValue(t, got, at.with(at.Get(object)))
			}
		})
		in(other, "what is updated is kept by", func(ctx context.Context, t *testing.T, name string) {
			object := tr.create(ctx, t, name)
			read := get(ctx, t, other, object.GetName())
			other.Change.Set(t, read)
			if _, err := other.Objects(tr.Clients, tr.Namespace).Update(ctx, read, metav1.UpdateOptions{}); err != nil {
				t.Fatal(err)
			}
			want := object.DeepCopy()
			tr.Change.Set(t, want)
			got := tr.get(ctx, t, name)
			expectValue(t, got, Field{Path: tr.Change.Path[:1], Value: want.Object[tr.Change.Path[0]]})
			tr.expectGeneration(t, got, object, 1)
			if got.GetUID() != object.GetUID() {
				t.Errorf("the uid is %s, want %s", got.GetUID(), object.GetUID())
			}
		})
		in(other, "nothing is written by the same in", func(ctx context.Context, t *testing.T, name string) {
			object := tr.create(ctx, t, name)
			same, err := other.Objects(tr.Clients, tr.Namespace).Update(ctx, get(ctx, t, other, object.GetName()), metav1.UpdateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if same.GetResourceVersion() != object.GetResourceVersion() {
				t.Errorf("created in %s, updated in %s: the resourceVersion changed", r.GVR.Version, other.GVR.Version)
			}
		})
		if r.Has("status", "patch") && r.Status != nil && other.Status != nil {
			in(other, "the status is read in", func(ctx context.Context, t *testing.T, name string) {
				object := tr.create(ctx, t, name)
				if _, err := tr.objects().Patch(ctx, object.GetName(), types.MergePatchType, encode(t, r.Status.Tree()), metav1.PatchOptions{}, "status"); err != nil {
					t.Fatal(err)
				}
				expectValue(t, get(ctx, t, other, object.GetName()), *other.Status)
			})
		}
		if r.Can("watch") {
			in(other, "what is created is watched in", func(ctx context.Context, t *testing.T, name string) {
				watched := &trial{Session: tr.Session, Resource: other}
				options := tr.mine()
				options.FieldSelector = "metadata.name=" + tr.named(name)
				options.ResourceVersion = tr.version(ctx, t)
				events := watched.watch(ctx, t, options)
				created := tr.create(ctx, t, name)
				kind, object := events.next(ctx, t)
				if object.GetUID() != created.GetUID() || object.GroupVersionKind() != other.GVK() {
					t.Fatalf("got %s of %s %s, want the %s that was created", kind, object.GroupVersionKind(), object.GetName(), other.GVK())
				}
				r.expectReads(t, other, object)
			})
		}
		if r.Can("patch") {
			in(other, "what is owned is not taken in", func(ctx context.Context, t *testing.T, name string) {
				if _, err := tr.objects().Apply(ctx, tr.named(name), tr.sample(t, name), metav1.ApplyOptions{FieldManager: "first"}); err != nil {
					t.Fatal(err)
				}
				sample, err := other.New(tr.Namespace, name)
				if err != nil {
					t.Fatal(err)
				}
				other.Change.Set(t, sample)
				_, err = other.Objects(tr.Clients, tr.Namespace).Apply(ctx, sample.GetName(), sample, metav1.ApplyOptions{FieldManager: "second"})
				expectRefused(t, err, apierrors.IsConflict, `"first"`)
			})
		}
		in(other, "fields have the names of", func(ctx context.Context, t *testing.T, _ string) {
			for field, value := range other.Selectable {
				if _, ours := r.Selectable[field]; ours {
					continue
				}
				_, err := tr.objects().List(ctx, metav1.ListOptions{FieldSelector: field + "=" + value})
				var known []string
				for field := range r.Selectable {
					known = append(known, field)
				}
				expectRefused(t, err, apierrors.IsBadRequest, append(known, field)...)
			}
			for _, v := range []Resource{r, other} {
				path := v.Change.Path
				explained := strings.Join(append([]string{v.GVR.Resource}, path[:len(path)-1]...), ".")
				out := tr.Kubectl(ctx, t, "explain", "--api-version="+v.GVR.GroupVersion().String(), explained)
				if !strings.Contains(out, path[len(path)-1]+"\t<") || !strings.Contains(out, "VERSION:    "+v.GVR.Version+"\n") {
					t.Errorf("kubectl explain %s in %s does not have %s:\n%s", explained, v.GVR.Version, v.Change, out)
				}
			}
		})
	}
	return tr.Feature
}

// expectReads checks that an object of the sample reads in a version as that one has it.
func (r Resource) expectReads(t *testing.T, in Resource, object *unstructured.Unstructured) {
	t.Helper()
	want, err := decode(r.Reads[in.GVR.Version])
	if err != nil {
		t.Fatalf("decoding what %s reads in %s: %v", r, in.GVR.Version, err)
	}
	got := object.DeepCopy()
	for _, field := range []string{"apiVersion", "kind", "metadata"} {
		delete(got.Object, field)
	}
	for _, path := range r.Assigned {
		if (Field{Path: path}).Get(got) == nil {
			t.Errorf("%s has no %s", object.GetName(), strings.Join(path, "."))
		}
		unstructured.RemoveNestedField(got.Object, path...)
	}
	if diff := cmp.Diff(want.Object, got.Object); diff != "" {
		t.Errorf("%s, created in %s, in %s (-want +got):\n%s", object.GetName(), r.GVR.Version, in.GVR.Version, diff)
	}
}
