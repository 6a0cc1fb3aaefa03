package conformance

import (
	"context"
	"encoding/json"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// patchKind is a way to change a field by a patch.
type patchKind struct {
	name string
	as   types.PatchType
	set  func(*testing.T, Field) []byte
}

// patchKinds are the ways that the resource takes. Server-side apply has a feature of its own, [Apply].
func (r Resource) patchKinds() []patchKind {
	tree := func(t *testing.T, field Field) []byte { return encode(t, field.Tree()) }
	kinds := []patchKind{
		{"JSON", types.JSONPatchType, func(t *testing.T, field Field) []byte {
			// Not all samples have the field; adding one that is there replaces it (RFC 6902, section 4.1).
			return encode(t, []map[string]any{{"op": "add", "path": field.pointer(), "value": field.Value}})
		}},
		{"merge", types.MergePatchType, tree},
	}
	if r.StrategicMerge {
		kinds = append(kinds, patchKind{"strategic merge", types.StrategicMergePatchType, tree})
	}
	return kinds
}

func encode(t *testing.T, value any) []byte {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatalf("encoding a request: %v", err)
	}
	return data
}

// Patches changes objects with each kind of patch.
func Patches(r Resource) Feature {
	tr := try(r, "Patches", r.Can("create", "get", "patch"))
	if !tr.Feature.Claimed {
		tr.assessAbsence("", "patch")
		return tr.Feature
	}
	patch := func(ctx context.Context, name string, as types.PatchType, data []byte) error {
		_, err := tr.objects().Patch(ctx, name, as, data, metav1.PatchOptions{})
		return err
	}
	for _, kind := range r.patchKinds() {
		tr.assess(kind.name+" patch", func(ctx context.Context, t *testing.T) {
			before := tr.create(ctx, t, nameOf(kind.name))
			patched, err := tr.objects().Patch(ctx, before.GetName(), kind.as, kind.set(t, tr.Change), metav1.PatchOptions{FieldManager: "patcher"})
			if err != nil {
				t.Fatal(err)
			}
			expectValue(t, patched, tr.Change)
			tr.expectGeneration(t, patched, before, 1)
			expectManages(t, patched, "patcher", "", tr.Change.Path)
			again, err := tr.objects().Patch(ctx, before.GetName(), kind.as, kind.set(t, tr.Change), metav1.PatchOptions{FieldManager: "patcher"})
			if err != nil {
				t.Fatal(err)
			}
			expectUnchanged(t, patched, again)
			for _, invalid := range tr.Invalid {
				expectInvalid(t, patch(ctx, before.GetName(), kind.as, kind.set(t, invalid)), invalid.String())
			}
			expectRefused(t, patch(ctx, tr.named("absent"), kind.as, kind.set(t, tr.Change)), apierrors.IsNotFound, tr.named("absent"))
		})
	}
	if !r.StrategicMerge {
		tr.assess("a strategic merge patch is of a media type that is not supported", func(ctx context.Context, t *testing.T) {
			object := tr.create(ctx, t, "strategic")
			expectRefused(t, patch(ctx, object.GetName(), types.StrategicMergePatchType, encode(t, tr.Change.Tree())), apierrors.IsUnsupportedMediaType)
		})
	}
	tr.assess("a merge patch removes", func(ctx context.Context, t *testing.T) {
		object := tr.create(ctx, t, "removed", Field{Path: []string{"metadata", "annotations"}, Value: map[string]any{"example.com/a": "x", "example.com/b": "y"}})
		if err := patch(ctx, object.GetName(), types.MergePatchType, []byte(`{"metadata":{"annotations":{"example.com/a":null}}}`)); err != nil {
			t.Fatal(err)
		}
		expectValue(t, tr.get(ctx, t, "removed"), Field{Path: []string{"metadata", "annotations"}, Value: map[string]any{"example.com/b": "y"}})
	})
	tr.assess("a JSON patch whose test fails changes nothing", func(ctx context.Context, t *testing.T) {
		before := tr.create(ctx, t, "tested")
		err := patch(ctx, before.GetName(), types.JSONPatchType, encode(t, []map[string]any{
			{"op": "add", "path": tr.Change.pointer(), "value": tr.Change.Value},
			{"op": "test", "path": "/metadata/uid", "value": "another"},
		}))
		expectRefused(t, err, apierrors.IsInvalid)
		expectUnchanged(t, before, tr.get(ctx, t, "tested"))
	})
	tr.assess("a patch for another version of the object conflicts", func(ctx context.Context, t *testing.T) {
		object := tr.create(ctx, t, "versioned")
		versioned := &unstructured.Unstructured{Object: tr.Change.Tree()} // The change may be one of the metadata.
		versioned.SetResourceVersion(object.GetResourceVersion())
		data := encode(t, versioned.Object)
		if err := patch(ctx, object.GetName(), types.MergePatchType, data); err != nil {
			t.Fatal(err)
		}
		expectRefused(t, patch(ctx, object.GetName(), types.MergePatchType, data), apierrors.IsConflict)
	})
	return tr.Feature
}
