package conformance

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/e2e-framework/pkg/features"

	"example.com/annex/e2e/step"
)

// Apply is server-side apply by two managers that do not agree.
func Apply(r Resource) *features.FeatureBuilder {
	tr, f := try(r, "server-side apply")
	apply := func(ctx context.Context, t *testing.T, manager string, field *Field, force bool) (*unstructured.Unstructured, error) {
		t.Helper()
		object := tr.sample(t, "applied")
		if field != nil {
			field.Set(t, object)
		}
		return tr.objects().Apply(ctx, object.GetName(), object, metav1.ApplyOptions{FieldManager: manager, Force: force})
	}
	other := r.Change.with(r.Other)
	return f.
		Assess("creates the object", step.Do(func(ctx context.Context, t *testing.T) {
			object, err := apply(ctx, t, "first", &tr.Change, false)
			if err != nil {
				t.Fatal(err)
			}
			expectValue(t, object, tr.Change)
			expectManagers(t, object, "first")
		})).
		Assess("again changes nothing", step.Do(func(ctx context.Context, t *testing.T) {
			before := tr.get(ctx, t, "applied")
			after, err := apply(ctx, t, "first", &tr.Change, false)
			if err != nil {
				t.Fatal(err)
			}
			if after.GetResourceVersion() != before.GetResourceVersion() {
				t.Error("resourceVersion changed")
			}
		})).
		Assess("another manager's value conflicts", step.Do(func(ctx context.Context, t *testing.T) {
			_, err := apply(ctx, t, "second", &other, false)
			expectRefused(t, err, apierrors.IsConflict, `conflict with "first"`, "."+tr.Change.String())
			expectValue(t, tr.get(ctx, t, "applied"), tr.Change)
		})).
		Assess("force takes the field over", step.Do(func(ctx context.Context, t *testing.T) {
			before := tr.get(ctx, t, "applied")
			object, err := apply(ctx, t, "second", &other, true)
			if err != nil {
				t.Fatal(err)
			}
			expectValue(t, object, other)
			expectGeneration(t, object, before, 1)
			expectManagers(t, object, "first", "second")
			_, err = apply(ctx, t, "first", &tr.Change, false)
			expectRefused(t, err, apierrors.IsConflict, `conflict with "second"`)
		})).
		Assess("the same value is shared", step.Do(func(ctx context.Context, t *testing.T) {
			if _, err := apply(ctx, t, "first", &other, false); err != nil {
				t.Errorf("two managers can't agree: %v", err)
			}
		})).
		Assess("dry-run answers and stores nothing", step.Do(func(ctx context.Context, t *testing.T) {
			before := tr.get(ctx, t, "applied")
			object := tr.sample(t, "applied")
			tr.Change.Set(t, object)
			answer, err := tr.objects().Apply(ctx, object.GetName(), object, metav1.ApplyOptions{
				FieldManager: "third", Force: true, DryRun: []string{metav1.DryRunAll},
			})
			if err != nil {
				t.Fatal(err)
			}
			expectValue(t, answer, tr.Change)
			if after := tr.get(ctx, t, "applied"); after.GetResourceVersion() != before.GetResourceVersion() {
				t.Error("resourceVersion changed")
			}
		})).
		Assess("kubectl apply on either side", step.Do(func(ctx context.Context, t *testing.T) {
			for _, side := range []string{"false", "true"} {
				object := tr.sample(t, "kubectl-"+side)
				data, err := object.MarshalJSON()
				if err != nil {
					t.Fatal(err)
				}
				file := filepath.Join(t.TempDir(), "object.json")
				if err := os.WriteFile(file, data, 0o600); err != nil {
					t.Fatal(err)
				}
				for _, want := range []string{"created", "unchanged"} {
					out := tr.Kubectl(ctx, t, "apply", "--server-side="+side, "-f", file)
					if side == "true" {
						want = "serverside-applied"
					}
					if !strings.Contains(out, want) {
						t.Errorf("kubectl apply --server-side=%s: got %q, want %q", side, out, want)
					}
				}
			}
		}))
}

func expectManagers(t *testing.T, object *unstructured.Unstructured, want ...string) {
	t.Helper()
	var got []string
	for _, entry := range object.GetManagedFields() {
		if entry.Operation != metav1.ManagedFieldsOperationApply {
			t.Errorf("%s is managed by %s with %s, want only Apply", object.GetName(), entry.Manager, entry.Operation)
		}
		got = append(got, entry.Manager)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("managers of %s: got %v, want %v", object.GetName(), got, want)
	}
}
