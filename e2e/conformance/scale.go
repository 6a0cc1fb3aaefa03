package conformance

import (
	"context"
	"fmt"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// Scale checks the scale subresource, as kubectl scale and autoscalers use it.
func Scale(r Resource) Feature {
	tr := try(r, "Scale", r.Scale != nil && r.Has("scale", "get", "update", "patch") && r.Can("create", "get"))
	if !tr.Feature.Claimed {
		tr.assessAbsence("scale")
		return tr.Feature
	}
	kind := schema.GroupVersionKind{Group: "autoscaling", Version: "v1", Kind: "Scale"}
	replicas := Field{Path: []string{"spec", "replicas"}}
	scaled := replicas.with(r.Scale.Value)
	get := func(ctx context.Context, t *testing.T, name string) *unstructured.Unstructured {
		t.Helper()
		scale, err := tr.objects().Get(ctx, tr.named(name), metav1.GetOptions{}, "scale")
		if err != nil {
			t.Fatalf("reading the scale of %s: %v", name, err)
		}
		return scale
	}
	patch := func(ctx context.Context, t *testing.T, name string, value any) (*unstructured.Unstructured, error) {
		t.Helper()
		return tr.objects().Patch(ctx, tr.named(name), types.MergePatchType, encode(t, replicas.with(value).Tree()), metav1.PatchOptions{FieldManager: "scaler"}, "scale")
	}
	tr.assess("it shows the object's number", func(ctx context.Context, t *testing.T) {
		object := tr.create(ctx, t, "shown")
		scale := get(ctx, t, "shown")
		if scale.GroupVersionKind() != kind {
			t.Errorf("it is a %s, want a %s", scale.GroupVersionKind(), kind)
		}
		expectValue(t, scale, replicas.with(r.Scale.Get(object)))
		if scale.GetName() != object.GetName() || scale.GetNamespace() != object.GetNamespace() || scale.GetUID() != object.GetUID() ||
			scale.GetResourceVersion() != object.GetResourceVersion() || !scale.GetCreationTimestamp().Time.Equal(object.GetCreationTimestamp().Time) {
			t.Errorf("its metadata is %v, want that of the object %v", scale.Object["metadata"], object.Object["metadata"])
		}
		_, err := tr.objects().Get(ctx, tr.named("absent"), metav1.GetOptions{}, "scale")
		expectRefused(t, err, apierrors.IsNotFound, tr.named("absent"))
	})
	for _, write := range []struct {
		name string
		do   func(ctx context.Context, t *testing.T, name string) (*unstructured.Unstructured, error)
	}{
		{"update", func(ctx context.Context, t *testing.T, name string) (*unstructured.Unstructured, error) {
			scale := get(ctx, t, name)
			scaled.Set(t, scale)
			return tr.objects().Update(ctx, scale, metav1.UpdateOptions{FieldManager: "scaler"}, "scale")
		}},
		{"patch", func(ctx context.Context, t *testing.T, name string) (*unstructured.Unstructured, error) {
			return patch(ctx, t, name, r.Scale.Value)
		}},
	} {
		tr.assess(write.name+" changes the number alone", func(ctx context.Context, t *testing.T) {
			before := tr.create(ctx, t, write.name)
			scale, err := write.do(ctx, t, write.name)
			if err != nil {
				t.Fatal(err)
			}
			expectValue(t, scale, scaled)
			after := tr.get(ctx, t, write.name)
			expectValue(t, after, *r.Scale)
			tr.expectGeneration(t, after, before, 1)
			if scale.GetResourceVersion() != after.GetResourceVersion() {
				t.Errorf("the answer has the resourceVersion %s, the object %s", scale.GetResourceVersion(), after.GetResourceVersion())
			}
			expectManages(t, after, "scaler", "scale", r.Scale.Path)
			r.Scale.with(r.Scale.Get(before)).Set(t, after)
			expectValue(t, after, Field{Path: []string{"spec"}, Value: before.Object["spec"]})
		})
	}
	tr.assess("a scale of an old version conflicts", func(ctx context.Context, t *testing.T) {
		tr.create(ctx, t, "old")
		scale := get(ctx, t, "old")
		if _, err := patch(ctx, t, "old", r.Scale.Value); err != nil {
			t.Fatal(err)
		}
		before := tr.get(ctx, t, "old")
		_, err := tr.objects().Update(ctx, scale, metav1.UpdateOptions{}, "scale")
		expectRefused(t, err, apierrors.IsConflict, scale.GetName())
		expectUnchanged(t, before, tr.get(ctx, t, "old"))
	})
	tr.assess("what is no number of things is refused", func(ctx context.Context, t *testing.T) {
		before := tr.create(ctx, t, "refused")
		_, err := patch(ctx, t, "refused", int64(-1))
		// Custom resources name the field that the number is in.
		expectInvalid(t, err, "spec.replicas", r.Scale.String())
		expectUnchanged(t, before, tr.get(ctx, t, "refused"))
		_, err = patch(ctx, t, "absent", r.Scale.Value)
		expectRefused(t, err, apierrors.IsNotFound, tr.named("absent"))
	})
	tr.assess("kubectl scale", func(ctx context.Context, t *testing.T) {
		object := tr.create(ctx, t, "kubectl")
		target := r.String() + "/" + object.GetName()
		to := fmt.Sprint("--replicas=", r.Scale.Value)
		out := tr.Kubectl(ctx, t, "scale", target, to, fmt.Sprint("--current-replicas=", r.Scale.Get(object)))
		if want := r.kubectlName(object.GetName()) + " scaled\n"; out != want {
			t.Errorf("kubectl scale printed %q, want %q", out, want)
		}
		expectValue(t, tr.get(ctx, t, "kubectl"), *r.Scale)
		_, err := tr.TryKubectl(ctx, t, "scale", target, to, fmt.Sprint("--current-replicas=", r.Scale.Get(object)))
		if want := fmt.Sprintf("Expected replicas to be %v, was %v", r.Scale.Get(object), r.Scale.Value); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("kubectl scale from another number: got %v, want %q", err, want)
		}
	})
	return tr.Feature
}
