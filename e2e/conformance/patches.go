package conformance

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/e2e-framework/pkg/features"

	"example.com/annex/e2e/step"
)

// Patches changes objects with each kind of patch. Server-side apply has a
// feature of its own, [Apply].
func Patches(r Resource) *features.FeatureBuilder {
	tr, f := try(r, "patches")
	encode := func(t *testing.T, patch any) []byte {
		t.Helper()
		data, err := json.Marshal(patch)
		if err != nil {
			t.Fatalf("encoding a patch: %v", err)
		}
		return data
	}
	replace := func(t *testing.T, field Field) []byte {
		return encode(t, []map[string]any{{"op": "replace", "path": "/" + strings.Join(field.Path, "/"), "value": field.Value}})
	}
	for _, kind := range []struct {
		name string
		as   types.PatchType
		make func(*testing.T, Field) []byte
	}{
		{"JSON", types.JSONPatchType, replace},
		{"merge", types.MergePatchType, func(t *testing.T, field Field) []byte { return encode(t, field.Tree()) }},
		{"strategic merge", types.StrategicMergePatchType, func(t *testing.T, field Field) []byte { return encode(t, field.Tree()) }},
	} {
		f.Assess(kind.name+" patch", step.Do(func(ctx context.Context, t *testing.T) {
			before := tr.create(ctx, t, strings.ReplaceAll(strings.ToLower(kind.name), " ", "-"))
			patched, err := tr.objects().Patch(ctx, before.GetName(), kind.as, kind.make(t, tr.Change), metav1.PatchOptions{})
			if err != nil {
				t.Fatal(err)
			}
			expectValue(t, patched, tr.Change)
			expectGeneration(t, patched, before, 1)

			other := tr.Change.with(tr.Other)
			dry, err := tr.objects().Patch(ctx, before.GetName(), kind.as, kind.make(t, other), metav1.PatchOptions{DryRun: []string{metav1.DryRunAll}})
			if err != nil {
				t.Fatal(err)
			}
			expectValue(t, dry, other)
			after, err := tr.objects().Get(ctx, before.GetName(), metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			expectValue(t, after, tr.Change)

			for _, invalid := range tr.Invalid {
				_, err := tr.objects().Patch(ctx, before.GetName(), kind.as, kind.make(t, invalid), metav1.PatchOptions{})
				expectRefused(t, err, apierrors.IsInvalid, invalid.String())
			}
		}))
	}
	return f.
		Assess("a JSON patch whose test fails changes nothing", step.Do(func(ctx context.Context, t *testing.T) {
			before := tr.create(ctx, t, "tested")
			patch := encode(t, []map[string]any{
				{"op": "test", "path": "/metadata/uid", "value": "another"},
				{"op": "replace", "path": "/" + strings.Join(tr.Change.Path, "/"), "value": tr.Change.Value},
			})
			_, err := tr.objects().Patch(ctx, before.GetName(), types.JSONPatchType, patch, metav1.PatchOptions{})
			expectRefused(t, err, apierrors.IsInvalid)
			if after := tr.get(ctx, t, "tested"); after.GetResourceVersion() != before.GetResourceVersion() {
				t.Error("the object changed")
			}
		})).
		Assess("a patch for another version of the object conflicts", step.Do(func(ctx context.Context, t *testing.T) {
			object := tr.create(ctx, t, "versioned")
			patch := tr.Change.Tree()
			patch["metadata"] = map[string]any{"resourceVersion": object.GetResourceVersion()}
			data := encode(t, patch)
			if _, err := tr.objects().Patch(ctx, object.GetName(), types.MergePatchType, data, metav1.PatchOptions{}); err != nil {
				t.Fatal(err)
			}
			_, err := tr.objects().Patch(ctx, object.GetName(), types.MergePatchType, data, metav1.PatchOptions{})
			expectRefused(t, err, apierrors.IsConflict)
		})).
		Assess("a patch of an absent object", step.Do(func(ctx context.Context, t *testing.T) {
			_, err := tr.objects().Patch(ctx, tr.named("absent"), types.MergePatchType, encode(t, tr.Change.Tree()), metav1.PatchOptions{})
			expectRefused(t, err, apierrors.IsNotFound)
		}))
}
