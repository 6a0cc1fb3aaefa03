package conformance

import (
	"context"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// Apply is server-side apply by two managers that do not agree.
func Apply(r Resource) Feature {
	tr := try(r, "Apply", r.Can("create", "get", "patch"))
	if !tr.Feature.Claimed {
		tr.assessAbsence("", "patch")
		return tr.Feature
	}
	apply := func(ctx context.Context, t *testing.T, manager string, field Field, force bool) (*unstructured.Unstructured, error) {
		t.Helper()
		object := tr.sample(t, "applied")
		field.Set(t, object)
		return tr.objects().Apply(ctx, object.GetName(), object, metav1.ApplyOptions{FieldManager: manager, Force: force})
	}
	other := r.Change.with(r.Other)
	tr.assess("creates the object", func(ctx context.Context, t *testing.T) {
		object, err := apply(ctx, t, "first", tr.Change, false)
		if err != nil {
			t.Fatal(err)
		}
		expectValue(t, object, tr.Change)
		expectFirstGeneration(t, r, object)
		expectAppliers(t, object, "first")
		expectManages(t, object, "first", "", tr.Change.Path)
	})
	tr.assess("again changes nothing", func(ctx context.Context, t *testing.T) {
		before := tr.get(ctx, t, "applied")
		after, err := apply(ctx, t, "first", tr.Change, false)
		if err != nil {
			t.Fatal(err)
		}
		expectUnchanged(t, before, after)
	})
	tr.assess("another manager's value conflicts", func(ctx context.Context, t *testing.T) {
		before := tr.get(ctx, t, "applied")
		_, err := apply(ctx, t, "second", other, false)
		expectRefused(t, err, apierrors.IsConflict, `conflict with "first"`, "."+tr.Change.String())
		expectUnchanged(t, before, tr.get(ctx, t, "applied"))
	})
	tr.assess("force takes the field over", func(ctx context.Context, t *testing.T) {
		before := tr.get(ctx, t, "applied")
		object, err := apply(ctx, t, "second", other, true)
		if err != nil {
			t.Fatal(err)
		}
		expectValue(t, object, other)
		tr.expectGeneration(t, object, before, 1)
		expectAppliers(t, object, "first", "second")
		expectManages(t, object, "second", "", tr.Change.Path)
		if manages(t, object, "first", "", tr.Change.Path) {
			t.Errorf("first still manages %s", tr.Change)
		}
		_, err = apply(ctx, t, "first", tr.Change, false)
		expectRefused(t, err, apierrors.IsConflict, `conflict with "second"`)
	})
	tr.assess("the same value is shared", func(ctx context.Context, t *testing.T) {
		object, err := apply(ctx, t, "first", other, false)
		if err != nil {
			t.Fatalf("two managers can't agree: %v", err)
		}
		for _, manager := range []string{"first", "second"} {
			expectManages(t, object, manager, "", tr.Change.Path)
		}
	})
	tr.assess("an update takes a field over, too", func(ctx context.Context, t *testing.T) {
		object := tr.get(ctx, t, "applied")
		tr.Change.Set(t, object)
		if !r.Can("update") {
			return
		}
		object, err := tr.objects().Update(ctx, object, metav1.UpdateOptions{FieldManager: "updater"})
		if err != nil {
			t.Fatal(err)
		}
		expectManages(t, object, "updater", "", tr.Change.Path)
		_, err = apply(ctx, t, "first", other, false)
		expectRefused(t, err, apierrors.IsConflict, `conflict with "updater"`)
	})
	tr.assess("what a manager applies no more is removed", func(ctx context.Context, t *testing.T) {
		object := tr.sample(t, "removed")
		options := metav1.ApplyOptions{FieldManager: "first"}
		object.SetAnnotations(map[string]string{"example.com/a": "x", "example.com/b": "y"})
		if _, err := tr.objects().Apply(ctx, object.GetName(), object, options); err != nil {
			t.Fatal(err)
		}
		object.SetAnnotations(map[string]string{"example.com/b": "y"})
		after, err := tr.objects().Apply(ctx, object.GetName(), object, options)
		if err != nil {
			t.Fatal(err)
		}
		if annotations := after.GetAnnotations(); len(annotations) != 1 || annotations["example.com/b"] != "y" {
			t.Errorf("annotations are %v, want example.com/b alone", annotations)
		}
	})
	tr.assess("what can't be applied is refused", func(ctx context.Context, t *testing.T) {
		object := tr.sample(t, "refused")
		for _, invalid := range tr.Invalid {
			object := object.DeepCopy()
			invalid.Set(t, object)
			_, err := tr.objects().Apply(ctx, object.GetName(), object, metav1.ApplyOptions{FieldManager: "first"})
			expectInvalid(t, err, invalid.String())
		}
		_, err := tr.objects().Apply(ctx, object.GetName(), object, metav1.ApplyOptions{})
		expectInvalid(t, err, "fieldManager")
		created := tr.create(ctx, t, "versioned")
		versioned := tr.sample(t, "versioned")
		versioned.SetResourceVersion(created.GetResourceVersion())
		tr.Change.Set(t, versioned)
		if _, err := tr.objects().Apply(ctx, versioned.GetName(), versioned, metav1.ApplyOptions{FieldManager: "first", Force: true}); err != nil {
			t.Fatal(err)
		}
		other.Set(t, versioned)
		_, err = tr.objects().Apply(ctx, versioned.GetName(), versioned, metav1.ApplyOptions{FieldManager: "first"})
		expectRefused(t, err, apierrors.IsConflict, "the object has been modified")
		body, err := object.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		// Only apply patches may be forced.
		force := true
		_, err = tr.objects().Patch(ctx, object.GetName(), types.MergePatchType, body, metav1.PatchOptions{Force: &force})
		expectInvalid(t, err, "force")
	})
	return tr.Feature
}
