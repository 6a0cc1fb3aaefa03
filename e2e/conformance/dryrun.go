package conformance

import (
	"context"
	"net/http"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// DryRun checks that each verb that writes can be tried: it answers what it would, and writes nothing (KEP-576).
func DryRun(r Resource) Feature {
	tr := try(r, "DryRun", r.Can("create", "get"))
	if !tr.Feature.Claimed {
		return tr.Feature
	}
	dry := []string{metav1.DryRunAll}
	other := r.Change.with(r.Other)
	// trying checks the answer to a request about an object, and that the object is what it was.
	trying := func(name string, changes int64, field Field, do func(ctx context.Context, t *testing.T, object *unstructured.Unstructured) (*unstructured.Unstructured, error)) {
		tr.assess(name, func(ctx context.Context, t *testing.T) {
			before := tr.create(ctx, t, "tried-"+nameOf(name))
			answer, err := do(ctx, t, before.DeepCopy())
			if err != nil {
				t.Fatal(err)
			}
			expectValue(t, answer, field)
			tr.expectGeneration(t, answer, before, changes)
			if answer.GetUID() != before.GetUID() {
				t.Errorf("the answer has the uid %s, want %s", answer.GetUID(), before.GetUID())
			}
			expectUnchanged(t, before, tr.get(ctx, t, "tried-"+nameOf(name)))
		})
	}
	tr.assess("create", func(ctx context.Context, t *testing.T) {
		made, err := tr.objects().Create(ctx, tr.sample(t, "dry"), metav1.CreateOptions{DryRun: dry})
		if err != nil {
			t.Fatal(err)
		}
		if made.GetUID() == "" {
			t.Error("the answer is not what create would have answered: it has no uid")
		}
		expectNow(t, made)
		_, err = tr.objects().Get(ctx, made.GetName(), metav1.GetOptions{})
		expectRefused(t, err, apierrors.IsNotFound)
		tr.create(ctx, t, "dry")
		_, err = tr.objects().Create(ctx, tr.sample(t, "dry"), metav1.CreateOptions{DryRun: dry})
		expectRefused(t, err, apierrors.IsAlreadyExists)
		_, err = tr.objects().Create(ctx, tr.sample(t, "some"), metav1.CreateOptions{DryRun: []string{"Some"}})
		expectInvalid(t, err, "dryRun")
	})
	if r.Can("update") {
		trying("update", 1, other, func(ctx context.Context, t *testing.T, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
			other.Set(t, object)
			return tr.objects().Update(ctx, object, metav1.UpdateOptions{DryRun: dry})
		})
	}
	if r.Can("patch") {
		for _, kind := range r.patchKinds() {
			trying(kind.name+" patch", 1, other, func(ctx context.Context, t *testing.T, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
				return tr.objects().Patch(ctx, object.GetName(), kind.as, kind.set(t, other), metav1.PatchOptions{DryRun: dry})
			})
		}
		trying("apply", 1, other, func(ctx context.Context, t *testing.T, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
			applied := tr.sample(t, "")
			applied.SetName(object.GetName())
			other.Set(t, applied)
			return tr.objects().Apply(ctx, object.GetName(), applied, metav1.ApplyOptions{FieldManager: "tried", Force: true, DryRun: dry})
		})
		tr.assess("apply of what is not there", func(ctx context.Context, t *testing.T) {
			applied, err := tr.objects().Apply(ctx, tr.named("applied"), tr.sample(t, "applied"), metav1.ApplyOptions{FieldManager: "tried", DryRun: dry})
			if err != nil {
				t.Fatal(err)
			}
			_, err = tr.objects().Get(ctx, applied.GetName(), metav1.GetOptions{})
			expectRefused(t, err, apierrors.IsNotFound)
		})
	}
	if r.Has("status", "update", "patch") && r.Status != nil {
		trying("update of the status", 0, *r.Status, func(ctx context.Context, t *testing.T, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
			r.Status.Set(t, object)
			return tr.objects().UpdateStatus(ctx, object, metav1.UpdateOptions{DryRun: dry})
		})
		trying("patch of the status", 0, *r.Status, func(ctx context.Context, t *testing.T, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
			return tr.objects().Patch(ctx, object.GetName(), types.MergePatchType, encode(t, r.Status.Tree()), metav1.PatchOptions{DryRun: dry}, "status")
		})
	}
	if r.Has("scale", "patch") && r.Scale != nil {
		tr.assess("patch of the scale", func(ctx context.Context, t *testing.T) {
			before := tr.create(ctx, t, "scaled")
			replicas := Field{Path: []string{"spec", "replicas"}, Value: r.Scale.Value}
			scale, err := tr.objects().Patch(ctx, before.GetName(), types.MergePatchType, encode(t, replicas.Tree()), metav1.PatchOptions{DryRun: dry}, "scale")
			if err != nil {
				t.Fatal(err)
			}
			expectValue(t, scale, replicas)
			expectUnchanged(t, before, tr.get(ctx, t, "scaled"))
		})
	}
	if r.Can("delete") {
		tr.assess("delete", func(ctx context.Context, t *testing.T) {
			before := tr.create(ctx, t, "deleted")
			if err := tr.objects().Delete(ctx, before.GetName(), metav1.DeleteOptions{DryRun: dry}); err != nil {
				t.Fatal(err)
			}
			// Options may be in the query, too.
			if err := tr.raw(http.MethodDelete, before.GetName()).Param("dryRun", metav1.DryRunAll).Do(ctx).Error(); err != nil {
				t.Fatal(err)
			}
			expectUnchanged(t, before, tr.get(ctx, t, "deleted"))
		})
	}
	if r.Can("deletecollection") {
		tr.assess("deletecollection", func(ctx context.Context, t *testing.T) {
			before := tr.create(ctx, t, "collected")
			if err := tr.objects().DeleteCollection(ctx, metav1.DeleteOptions{DryRun: dry}, tr.mine()); err != nil {
				t.Fatal(err)
			}
			expectUnchanged(t, before, tr.get(ctx, t, "collected"))
		})
	}
	return tr.Feature
}
