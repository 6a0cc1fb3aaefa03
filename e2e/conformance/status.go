package conformance

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"example.com/annex/e2e/step"
)

// Status checks that the status subresource writes the status alone, and that nothing else writes it.
func Status(r Resource) Feature {
	tr := try(r, "Status", r.Status != nil && r.Has("status", "get", "update", "patch") && r.Can("create", "get", "update"))
	if !tr.Feature.Claimed {
		tr.assessAbsence("status")
		return tr.Feature
	}
	tr.assess("create ignores the status", func(ctx context.Context, t *testing.T) {
		object := tr.sample(t, "one")
		tr.Status.Set(t, object)
		created, err := tr.objects().Create(ctx, object, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if cmp.Equal(tr.Status.Get(created), tr.Status.Value) {
			t.Errorf("create stored %s", tr.Status)
		}
	})
	tr.assess("update ignores the status", func(ctx context.Context, t *testing.T) {
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
	})
	tr.assess("an update of the status ignores the specification", func(ctx context.Context, t *testing.T) {
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
		tr.expectGeneration(t, updated, before, 0)
	})
	tr.assess("an update of the status ignores the metadata", func(ctx context.Context, t *testing.T) {
		before := tr.create(ctx, t, "labelled")
		sent := before.DeepCopy()
		tr.Status.Set(t, sent)
		metadata := map[string]any{
			"labels":      map[string]any{label: tr.Namespace, "example.com/sent": "yes"},
			"annotations": map[string]any{"example.com/sent": "yes"},
			"finalizers":  []any{"example.com/sent"},
		}
		for name, value := range metadata {
			Field{Path: []string{"metadata", name}, Value: value}.Set(t, sent)
		}
		updated, err := tr.objects().UpdateStatus(ctx, sent, metav1.UpdateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			ctx, cancel := step.CleanupContext(ctx)
			defer cancel()
			// A finalizer that was taken would hold up the namespace.
			_, err := tr.objects().Patch(ctx, updated.GetName(), types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{})
			if err != nil {
				t.Error(err)
			}
		})
		expectValue(t, updated, *tr.Status)
		want := before
		if tr.StatusTakesMetadata {
			want = sent
		}
		for name := range metadata {
			field := Field{Path: []string{"metadata", name}}
			expectValue(t, updated, field.with(field.Get(want)))
		}
	})
	tr.assess("a merge patch of the status", func(ctx context.Context, t *testing.T) {
		before := tr.create(ctx, t, "patched")
		patch := tr.Change.Tree()
		maps.Copy(patch, tr.Status.Tree())
		data, err := json.Marshal(patch)
		if err != nil {
			t.Fatal(err)
		}
		patched, err := tr.objects().Patch(ctx, before.GetName(), types.MergePatchType, data, metav1.PatchOptions{FieldManager: "patcher"}, "status")
		if err != nil {
			t.Fatal(err)
		}
		expectValue(t, patched, *tr.Status)
		expectValue(t, patched, tr.Change.with(tr.Change.Get(before)))
		tr.expectGeneration(t, patched, before, 0)
		expectStatusManager(t, patched, "patcher", metav1.ManagedFieldsOperationUpdate)
	})
	tr.assess("server-side apply of the status", func(ctx context.Context, t *testing.T) {
		before := tr.create(ctx, t, "applied")
		object := &unstructured.Unstructured{}
		object.SetGroupVersionKind(r.GVK())
		object.SetName(before.GetName())
		tr.Status.Set(t, object)
		tr.Change.Set(t, object)
		applied, err := tr.objects().ApplyStatus(ctx, before.GetName(), object, metav1.ApplyOptions{FieldManager: "applier"})
		if err != nil {
			t.Fatal(err)
		}
		expectValue(t, applied, *tr.Status)
		expectValue(t, applied, tr.Change.with(tr.Change.Get(before)))
		tr.expectGeneration(t, applied, before, 0)
		expectStatusManager(t, applied, "applier", metav1.ManagedFieldsOperationApply)
	})
	tr.assess("the status is read where it was written", func(ctx context.Context, t *testing.T) {
		object, err := tr.objects().Get(ctx, tr.named("one"), metav1.GetOptions{}, "status")
		if err != nil {
			t.Fatal(err)
		}
		expectValue(t, object, *tr.Status)
		expectValue(t, tr.get(ctx, t, "one"), *tr.Status)
	})
	return tr.Feature
}

// expectStatusManager checks that a manager has the object's status, through the status subresource, and nothing else of it.
func expectStatusManager(t *testing.T, object *unstructured.Unstructured, manager string, operation metav1.ManagedFieldsOperationType) {
	t.Helper()
	expectManages(t, object, manager, "status", []string{"status"})
	for _, entry := range object.GetManagedFields() {
		if entry.Manager != manager {
			continue
		}
		if entry.Operation != operation || entry.Subresource != "status" {
			t.Errorf("%s manages %s with %s of subresource %q, want %s of status", manager, object.GetName(), entry.Operation, entry.Subresource, operation)
		}
		var owned map[string]any
		if err := json.Unmarshal(entry.FieldsV1.GetRawBytes(), &owned); err != nil {
			t.Fatalf("decoding what %s manages of %s: %v", manager, object.GetName(), err)
		}
		if got := slices.Collect(maps.Keys(owned)); !slices.Equal(got, []string{"f:status"}) {
			t.Errorf("%s manages %v of %s, want its status alone", manager, got, object.GetName())
		}
	}
}
