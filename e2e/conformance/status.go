package conformance

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/e2e-framework/pkg/features"

	"example.com/annex/e2e/report"
	"example.com/annex/e2e/step"
)

// Status checks that the status subresource writes the status alone, and that
// nothing else writes it.
func Status(r Resource) *features.FeatureBuilder {
	tr, f := try(r, "status")
	if r.Status == nil {
		return f.Assess("has none", step.Do(func(ctx context.Context, t *testing.T) {
			report.Skip(ctx, t, r.GVR.Resource+" has no status")
		}))
	}
	return f.
		Assess("create ignores the status", step.Do(func(ctx context.Context, t *testing.T) {
			object := tr.sample(t, "one")
			tr.Status.Set(t, object)
			created, err := tr.objects().Create(ctx, object, metav1.CreateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if cmp.Equal(tr.Status.Get(created), tr.Status.Value) {
				t.Errorf("create stored %s", tr.Status)
			}
		})).
		Assess("update ignores the status", step.Do(func(ctx context.Context, t *testing.T) {
			object := tr.get(ctx, t, "one")
			tr.Status.Set(t, object)
			tr.Change.Set(t, object)
			updated, err := tr.objects().Update(ctx, object, metav1.UpdateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			expectValue(t, updated, tr.Change)
			if cmp.Equal(tr.Status.Get(updated), tr.Status.Value) {
				t.Errorf("update stored %s", tr.Status)
			}
		})).
		Assess("an update of the status ignores the specification", step.Do(func(ctx context.Context, t *testing.T) {
			before := tr.get(ctx, t, "one")
			object := before.DeepCopy()
			tr.Status.Set(t, object)
			tr.Change.with(tr.Other).Set(t, object)
			updated, err := tr.objects().UpdateStatus(ctx, object, metav1.UpdateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			expectValue(t, updated, *tr.Status)
			expectValue(t, updated, tr.Change)
			expectGeneration(t, updated, before, 0)
		})).
		Assess("the status is read where it was written", step.Do(func(ctx context.Context, t *testing.T) {
			object, err := tr.objects().Get(ctx, tr.named("one"), metav1.GetOptions{}, "status")
			if err != nil {
				t.Fatal(err)
			}
			expectValue(t, object, *tr.Status)
			expectValue(t, tr.get(ctx, t, "one"), *tr.Status)
		}))
}
