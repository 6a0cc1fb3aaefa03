package conformance

import (
	"context"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/utils/ptr"
)

// maxGeneratedName is how long a name becomes at most that is made of generateName, and generatedSuffix the part of it that is
// random (k8s.io/apiserver/pkg/storage/names).
const (
	maxGeneratedName = 63
	generatedSuffix  = 5
)

// maxAnnotations is how many bytes all annotations of an object may have together, keys and values
// (k8s.io/apimachinery/pkg/api/validation, TotalAnnotationSizeLimitB).
const maxAnnotations = 256 << 10

// Metadata checks what the server makes of metadata, and what of it clients may write.
func Metadata(r Resource) Feature {
	tr := try(r, "Metadata", r.Can("create", "get"))
	if !tr.Feature.Claimed {
		if r.Can("get") || r.Can("list") {
			tr.assess("an object has a name", func(ctx context.Context, t *testing.T) {
				if object := tr.available(ctx, t, ""); object.GetName() == "" || r.Namespaced != (object.GetNamespace() != "") {
					t.Errorf("namespace %q and name %q", object.GetNamespace(), object.GetName())
				}
			})
		}
		return tr.Feature
	}
	create := func(ctx context.Context, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
		return tr.objects().Create(ctx, object, metav1.CreateOptions{})
	}
	tr.assess("create fills it in", func(ctx context.Context, t *testing.T) {
		object := tr.create(ctx, t, "created")
		if object.GetUID() == "" || object.GetResourceVersion() == "" {
			t.Errorf("uid %q, resourceVersion %q: both must be set", object.GetUID(), object.GetResourceVersion())
		}
		expectNow(t, object)
		expectFirstGeneration(t, r, object)
		if r.Namespaced != (object.GetNamespace() != "") {
			t.Errorf("namespace is %q", object.GetNamespace())
		}
		if len(object.GetManagedFields()) == 0 {
			t.Error("managedFields are missing")
		}
		for _, entry := range object.GetManagedFields() {
			if entry.Manager == "" || entry.Operation != metav1.ManagedFieldsOperationUpdate || entry.APIVersion != r.GVR.GroupVersion().String() || entry.Time == nil {
				t.Errorf("managedFields have the entry %v", entry)
			}
		}
	})
	tr.assess("create takes nothing that is the server's to say", func(ctx context.Context, t *testing.T) {
		sample := tr.sample(t, "pretended")
		long := metav1.NewTime(time.Unix(1, 0))
		sample.SetUID("pretended")
		sample.SetCreationTimestamp(long)
		sample.SetDeletionTimestamp(&long)
		sample.SetDeletionGracePeriodSeconds(ptr.To[int64](7))
		if r.Generation {
			sample.SetGeneration(7)
		}
		object, err := create(ctx, sample)
		if err != nil {
			t.Fatal(err)
		}
		if object.GetUID() == "pretended" || object.GetDeletionTimestamp() != nil || object.GetDeletionGracePeriodSeconds() != nil {
			t.Errorf("uid %s, deletionTimestamp %v, deletionGracePeriodSeconds %v", object.GetUID(), object.GetDeletionTimestamp(), object.GetDeletionGracePeriodSeconds())
		}
		expectNow(t, object)
		expectFirstGeneration(t, r, object)
		sample = tr.sample(t, "versioned")
		sample.SetResourceVersion("1")
		if _, err = create(ctx, sample); err == nil || !strings.Contains(err.Error(), "resourceVersion should not be set on objects to be created") {
			t.Errorf("create with a resourceVersion: %v", err)
		}
	})
	tr.assess("generateName", func(ctx context.Context, t *testing.T) {
		prefixes := []string{tr.named("generated-")}
		long := tr.named(strings.Repeat("long-", maxGeneratedName/5) + "prefix-")
		switch {
		case tr.MaxName == 0:
			prefixes = append(prefixes, long)
		case tr.MaxName >= maxGeneratedName: // A prefix that is longer than a name may be refused.
			prefixes = append(prefixes, long[:min(len(long), tr.MaxName)])
		}
		for _, prefix := range prefixes {
			sample := tr.sample(t, "")
			sample.SetName("")
			sample.SetGenerateName(prefix)
			kept := prefix[:min(len(prefix), maxGeneratedName-generatedSuffix)]
			names := sets.New[string]()
			for range 3 {
				object, err := create(ctx, sample.DeepCopy())
				if err != nil {
					t.Fatal(err)
				}
				name := object.GetName()
				if !strings.HasPrefix(name, kept) || len(name) != len(kept)+generatedSuffix || object.GetGenerateName() != prefix {
					t.Errorf("generateName %q became %q, want %q and %d characters more", prefix, name, kept, generatedSuffix)
				}
				names.Insert(name)
			}
			if names.Len() != 3 {
				t.Errorf("three objects got the names %v", names.UnsortedList())
			}
		}
		sample := tr.sample(t, "given")
		sample.SetGenerateName("ignored-")
		if object, err := create(ctx, sample); err != nil || object.GetName() != tr.named("given") {
			t.Errorf("with name and generateName: %v, %v, want the name", object.GetName(), err)
		}
		sample.SetName("")
		sample.SetGenerateName("")
		_, err := create(ctx, sample)
		expectInvalid(t, err, "metadata.name")
	})
	tr.assess("names that are none are refused", func(ctx context.Context, t *testing.T) {
		longest := tr.MaxName
		if longest == 0 {
			longest = 253 // RFC 1123
		}
		long := func(length int) string { return (tr.named("") + strings.Repeat("x", length))[:length] }
		names := []string{"a/b", "a%b", ".."}
		if !tr.PathNames {
			names = append(names, "Upper", "under_score", "-dash", "dot.", long(longest+1))
		}
		for _, name := range names {
			sample := tr.sample(t, "")
			sample.SetName(name)
			_, err := create(ctx, sample)
			expectInvalid(t, err, "metadata.name")
		}
		sample := tr.sample(t, "")
		sample.SetName(long(longest))
		if _, err := create(ctx, sample); err != nil {
			t.Errorf("a name of %d characters: %v", longest, err)
		}
	})
	tr.assess("what is not valid is refused", func(ctx context.Context, t *testing.T) {
		tr.builtInSince(ctx, t, "1.37", "the index of the owner in what is wrong with it")
		owner := func(fields map[string]any) map[string]any {
			reference := map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": "0"}
			for name, value := range fields {
				reference[name] = value
			}
			return reference
		}
		for _, invalid := range []struct {
			name  string
			value any
			field string
		}{
			{"labels", map[string]any{"not a key": "x"}, "metadata.labels"},
			{"labels", map[string]any{"key": "not a value"}, "metadata.labels"},
			{"labels", map[string]any{"key": strings.Repeat("x", 64)}, "metadata.labels"},
			{"annotations", map[string]any{"not a key": "x"}, "metadata.annotations"},
			{"annotations", map[string]any{"key": strings.Repeat("x", maxAnnotations)}, "metadata.annotations"},
			{"finalizers", []any{"not a finalizer"}, "metadata.finalizers"},
			{"ownerReferences", []any{owner(map[string]any{"uid": ""})}, "metadata.ownerReferences[0].uid"},
			{"ownerReferences", []any{owner(map[string]any{"kind": ""})}, "metadata.ownerReferences[0].kind"},
			{"ownerReferences", []any{owner(map[string]any{"controller": true}), owner(map[string]any{"name": "b", "controller": true})}, "metadata.ownerReferences"},
		} {
			sample := tr.sample(t, "invalid")
			Field{Path: []string{"metadata", invalid.name}, Value: invalid.value}.Set(t, sample)
			_, err := create(ctx, sample)
			expectInvalid(t, err, invalid.field)
		}
		sample := tr.sample(t, "annotated")
		sample.SetAnnotations(map[string]string{"example.com/much": strings.Repeat("x", maxAnnotations-len("example.com/much"))})
		if _, err := create(ctx, sample); err != nil {
			t.Errorf("%d bytes of annotations: %v", maxAnnotations, err)
		}
	})
	if !r.Can("update") {
		return tr.Feature
	}
	tr.assess("what is the server's stays as it is", func(ctx context.Context, t *testing.T) {
		before := tr.create(ctx, t, "kept")
		update := func(field string, value any) (*unstructured.Unstructured, error) {
			object := before.DeepCopy()
			Field{Path: []string{"metadata", field}, Value: value}.Set(t, object)
			return tr.objects().Update(ctx, object, metav1.UpdateOptions{})
		}
		_, err := update("uid", "another")
		expectRefused(t, err, apierrors.IsConflict, "UID")
		body, err := tr.sample(t, "another").MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		err = tr.raw("PUT", before.GetName()).SetHeader("Content-Type", "application/json").Body(body).Do(ctx).Error()
		expectRefused(t, err, apierrors.IsBadRequest, "does not match the name on the URL")
		for _, ignored := range []struct {
			field string
			value any
		}{
			{"generation", int64(77)},
			{"uid", ""},
			{"creationTimestamp", nil},
			{"creationTimestamp", "2001-01-01T00:00:00Z"},
			{"deletionGracePeriodSeconds", nil},
		} {
			after, err := update(ignored.field, ignored.value)
			if err != nil {
				t.Errorf("an update with %s: %v: %v", ignored.field, ignored.value, err)
				continue
			}
			expectUnchanged(t, before, after)
		}
	})
	tr.assess("generation counts changes of the specification", func(ctx context.Context, t *testing.T) {
		before := tr.create(ctx, t, "generations")
		changed := before.DeepCopy()
		tr.Change.Set(t, changed)
		changed = tr.update(ctx, t, changed)
		tr.expectGeneration(t, changed, before, 1)
		annotated := changed.DeepCopy()
		annotated.SetAnnotations(map[string]string{"example.com/note": "metadata only"})
		labels := annotated.GetLabels()
		labels["example.com/note"] = "metadata-only"
		annotated.SetLabels(labels)
		annotated = tr.update(ctx, t, annotated)
		tr.expectGeneration(t, annotated, changed, 0)
		if annotated.GetResourceVersion() == changed.GetResourceVersion() {
			t.Error("resourceVersion did not change")
		}
	})
	tr.assess("managedFields say who wrote what", func(ctx context.Context, t *testing.T) {
		object := tr.create(ctx, t, "managed")
		tr.Change.Set(t, object)
		updated, err := tr.objects().Update(ctx, object, metav1.UpdateOptions{FieldManager: "changer"})
		if err != nil {
			t.Fatal(err)
		}
		expectManages(t, updated, "changer", "", tr.Change.Path)
		updated.SetManagedFields([]metav1.ManagedFieldsEntry{{}}) // A list with one empty entry clears them.
		cleared := tr.update(ctx, t, updated)
		for _, entry := range cleared.GetManagedFields() {
			if entry.Manager == "changer" {
				t.Errorf("after they were cleared: %v", entry)
			}
		}
	})
	if r.Can("patch") {
		tr.assess("a finalizer and an owner are taken", func(ctx context.Context, t *testing.T) {
			object := tr.create(ctx, t, "referring")
			patch := `{"metadata":{"finalizers":["` + Finalizer + `"],"ownerReferences":[{"apiVersion":"v1","kind":"Namespace","name":"` + tr.Namespace + `","uid":"` + string(tr.namespaceUID(ctx, t)) + `"}]}}`
			patched, err := tr.objects().Patch(ctx, object.GetName(), types.MergePatchType, []byte(patch), metav1.PatchOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if len(patched.GetFinalizers()) != 1 || len(patched.GetOwnerReferences()) != 1 {
				t.Errorf("finalizers %v, ownerReferences %v", patched.GetFinalizers(), patched.GetOwnerReferences())
			}
			if _, err := tr.objects().Patch(ctx, object.GetName(), types.MergePatchType, []byte(`{"metadata":{"finalizers":null,"ownerReferences":null}}`), metav1.PatchOptions{}); err != nil {
				t.Fatal(err)
			}
		})
	}
	return tr.Feature
}

func (tr *trial) namespaceUID(ctx context.Context, t *testing.T) types.UID {
	t.Helper()
	namespace, err := tr.Kubernetes.CoreV1().Namespaces().Get(ctx, tr.Namespace, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return namespace.UID
}

// expectNow checks that an object was created a moment ago. The clocks of the two may differ.
func expectNow(t *testing.T, object *unstructured.Unstructured) {
	t.Helper()
	if age := time.Since(object.GetCreationTimestamp().Time); age < -time.Minute || age > time.Minute {
		t.Errorf("creationTimestamp is %s: not now", object.GetCreationTimestamp())
	}
}

func expectFirstGeneration(t *testing.T, r Resource, object *unstructured.Unstructured) {
	t.Helper()
	want := int64(0)
	if r.Generation {
		want = 1
	}
	if got := object.GetGeneration(); got != want {
		t.Errorf("generation of a new object is %d, want %d", got, want)
	}
}
