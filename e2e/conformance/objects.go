package conformance

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/sets"
	"sigs.k8s.io/e2e-framework/pkg/features"

	"example.com/annex/e2e/step"
)

// Objects creates, reads, updates and deletes objects in all the ways a client
// may ask for.
func Objects(r Resource) *features.FeatureBuilder {
	tr, f := try(r, "objects")
	return f.
		Assess("create fills in the metadata", step.Do(func(ctx context.Context, t *testing.T) {
			object := tr.create(ctx, t, "created")
			if object.GetUID() == "" || object.GetResourceVersion() == "" {
				t.Errorf("uid %q, resourceVersion %q: both must be set", object.GetUID(), object.GetResourceVersion())
			}
			if age := time.Since(object.GetCreationTimestamp().Time); age < -time.Minute || age > time.Minute {
				t.Errorf("creationTimestamp is %s: not now", object.GetCreationTimestamp())
			}
			if object.GetGeneration() != 1 {
				t.Errorf("generation is %d, want 1", object.GetGeneration())
			}
			if len(object.GetManagedFields()) == 0 {
				t.Error("managedFields are missing")
			}
			_, err := tr.objects().Create(ctx, tr.sample(t, "created"), metav1.CreateOptions{})
			expectRefused(t, err, apierrors.IsAlreadyExists)
		})).
		Assess("create with generateName", step.Do(func(ctx context.Context, t *testing.T) {
			sample := tr.sample(t, "")
			sample.SetName("")
			prefix := tr.named("generated-")
			sample.SetGenerateName(prefix)
			names := sets.New[string]()
			for range 3 {
				object, err := tr.objects().Create(ctx, sample.DeepCopy(), metav1.CreateOptions{})
				if err != nil {
					t.Fatal(err)
				}
				if name := object.GetName(); !strings.HasPrefix(name, prefix) || name == prefix {
					t.Errorf("name %q does not start with %q and go on", name, prefix)
				}
				names.Insert(object.GetName())
			}
			if names.Len() != 3 {
				t.Errorf("three objects got the names %v", names.UnsortedList())
			}
		})).
		Assess("get and list", step.Do(func(ctx context.Context, t *testing.T) {
			created := tr.get(ctx, t, "created")
			list, err := tr.objects().List(ctx, tr.mine())
			if err != nil {
				t.Fatal(err)
			}
			if len(list.Items) != 4 {
				t.Errorf("list has %d objects, want 4", len(list.Items))
			}
			if list.GetResourceVersion() == "" {
				t.Error("list has no resourceVersion: nobody can watch from it")
			}
			found := false
			for _, item := range list.Items {
				found = found || item.GetUID() == created.GetUID()
			}
			if !found {
				t.Error("the object is not in the list")
			}
			_, err = tr.objects().Get(ctx, tr.named("absent"), metav1.GetOptions{})
			expectRefused(t, err, apierrors.IsNotFound, tr.named("absent"))
		})).
		Assess("list in pages", step.Do(func(ctx context.Context, t *testing.T) {
			names := sets.New[string]()
			options := tr.mine()
			options.Limit = 3
			pages := 0
			for {
				list, err := tr.objects().List(ctx, options)
				if err != nil {
					t.Fatal(err)
				}
				pages++
				for _, item := range list.Items {
					names.Insert(item.GetName())
				}
				if options.Continue = list.GetContinue(); options.Continue == "" {
					break
				}
			}
			if pages != 2 || names.Len() != 4 {
				t.Errorf("4 objects, 3 a page: got %d pages with %d objects", pages, names.Len())
			}
		})).
		Assess("update", step.Do(func(ctx context.Context, t *testing.T) {
			before := tr.get(ctx, t, "created")
			changed := before.DeepCopy()
			tr.Change.Set(t, changed)
			updated, err := tr.objects().Update(ctx, changed, metav1.UpdateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			expectValue(t, updated, tr.Change)
			expectGeneration(t, updated, before, 1)
			if updated.GetResourceVersion() == before.GetResourceVersion() {
				t.Error("resourceVersion did not change")
			}

			annotated := updated.DeepCopy()
			annotated.SetAnnotations(map[string]string{"example.com/note": "metadata only"})
			annotated, err = tr.objects().Update(ctx, annotated, metav1.UpdateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			expectGeneration(t, annotated, updated, 0)

			// An update that changes nothing writes nothing.
			same, err := tr.objects().Update(ctx, annotated.DeepCopy(), metav1.UpdateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if same.GetResourceVersion() != annotated.GetResourceVersion() {
				t.Error("an update without a change has a new resourceVersion")
			}
		})).
		Assess("an update of an old version conflicts", step.Do(func(ctx context.Context, t *testing.T) {
			old := tr.get(ctx, t, "created")
			newer := old.DeepCopy()
			newer.SetAnnotations(map[string]string{"example.com/note": "newer"})
			if _, err := tr.objects().Update(ctx, newer, metav1.UpdateOptions{}); err != nil {
				t.Fatal(err)
			}
			old.SetAnnotations(map[string]string{"example.com/note": "older"})
			_, err := tr.objects().Update(ctx, old, metav1.UpdateOptions{})
			expectRefused(t, err, apierrors.IsConflict, "the object has been modified")
		})).
		Assess("dry-run stores nothing", step.Do(func(ctx context.Context, t *testing.T) {
			dry := []string{metav1.DryRunAll}
			made, err := tr.objects().Create(ctx, tr.sample(t, "dry"), metav1.CreateOptions{DryRun: dry})
			if err != nil {
				t.Fatal(err)
			}
			if made.GetUID() == "" {
				t.Error("the answer is not what create would have answered: it has no uid")
			}
			_, err = tr.objects().Get(ctx, made.GetName(), metav1.GetOptions{})
			expectRefused(t, err, apierrors.IsNotFound)

			before := tr.get(ctx, t, "created")
			changed := before.DeepCopy()
			tr.Change.with(tr.Other).Set(t, changed)
			answer, err := tr.objects().Update(ctx, changed, metav1.UpdateOptions{DryRun: dry})
			if err != nil {
				t.Fatal(err)
			}
			expectValue(t, answer, tr.Change.with(tr.Other))
			if err := tr.objects().Delete(ctx, before.GetName(), metav1.DeleteOptions{DryRun: dry}); err != nil {
				t.Fatal(err)
			}
			if err := tr.objects().DeleteCollection(ctx, metav1.DeleteOptions{DryRun: dry}, tr.mine()); err != nil {
				t.Fatal(err)
			}
			after := tr.get(ctx, t, "created")
			if after.GetResourceVersion() != before.GetResourceVersion() {
				t.Error("a dry run changed the object")
			}
		})).
		Assess("what is not valid is refused", step.Do(func(ctx context.Context, t *testing.T) {
			for _, invalid := range tr.Invalid {
				object := tr.sample(t, "invalid")
				invalid.Set(t, object)
				_, err := tr.objects().Create(ctx, object, metav1.CreateOptions{})
				expectRefused(t, err, apierrors.IsInvalid, invalid.String())
			}
			if tr.Immutable != nil {
				object := tr.get(ctx, t, "created")
				tr.Immutable.Set(t, object)
				_, err := tr.objects().Update(ctx, object, metav1.UpdateOptions{})
				expectRefused(t, err, apierrors.IsInvalid, tr.Immutable.String())
			}
			unknown := tr.sample(t, "unknown")
			Field{Path: []string{"spec", "noSuchField"}, Value: "x"}.Set(t, unknown)
			_, err := tr.objects().Create(ctx, unknown, metav1.CreateOptions{FieldValidation: metav1.FieldValidationStrict})
			expectRefused(t, err, apierrors.IsBadRequest, `unknown field "spec.noSuchField"`)
			if _, err := tr.objects().Create(ctx, unknown, metav1.CreateOptions{
				FieldValidation: metav1.FieldValidationIgnore, DryRun: []string{metav1.DryRunAll},
			}); err != nil {
				t.Errorf("an unknown field is refused although the client asked to ignore it: %v", err)
			}
		})).
		Assess("delete with preconditions", step.Do(func(ctx context.Context, t *testing.T) {
			first := tr.create(ctx, t, "deleted")
			uid, version := first.GetUID()+"-other", first.GetResourceVersion()+"0"
			err := tr.objects().Delete(ctx, first.GetName(), metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}})
			expectRefused(t, err, apierrors.IsConflict)
			err = tr.objects().Delete(ctx, first.GetName(), metav1.DeleteOptions{Preconditions: &metav1.Preconditions{ResourceVersion: &version}})
			expectRefused(t, err, apierrors.IsConflict)
			uid, version = first.GetUID(), first.GetResourceVersion()
			err = tr.objects().Delete(ctx, first.GetName(), metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid, ResourceVersion: &version}})
			if err != nil {
				t.Fatalf("deleting with preconditions that hold: %v", err)
			}
			_, err = tr.objects().Get(ctx, first.GetName(), metav1.GetOptions{})
			expectRefused(t, err, apierrors.IsNotFound)
		})).
		Assess("a finalizer holds up the deletion", step.Do(func(ctx context.Context, t *testing.T) {
			object := tr.sample(t, "finalized")
			object.SetFinalizers([]string{"example.com/e2e"})
			if _, err := tr.objects().Create(ctx, object, metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
			if err := tr.objects().Delete(ctx, object.GetName(), metav1.DeleteOptions{}); err != nil {
				t.Fatal(err)
			}
			held := tr.get(ctx, t, "finalized")
			if held.GetDeletionTimestamp() == nil {
				t.Error("deletionTimestamp is not set")
			}
			held.SetFinalizers(nil)
			if _, err := tr.objects().Update(ctx, held, metav1.UpdateOptions{}); err != nil {
				t.Fatal(err)
			}
			_, err := tr.objects().Get(ctx, held.GetName(), metav1.GetOptions{})
			expectRefused(t, err, apierrors.IsNotFound)
		})).
		Assess("delete a collection", step.Do(func(ctx context.Context, t *testing.T) {
			var odd []string
			for i := range 4 {
				object := tr.sample(t, fmt.Sprintf("collected-%d", i))
				labels := object.GetLabels()
				if i%2 == 1 {
					labels["odd"] = "true"
					odd = append(odd, object.GetName())
				}
				object.SetLabels(labels)
				if _, err := tr.objects().Create(ctx, object, metav1.CreateOptions{}); err != nil {
					t.Fatal(err)
				}
			}
			options := tr.mine()
			options.LabelSelector += ",odd=true"
			if err := tr.objects().DeleteCollection(ctx, metav1.DeleteOptions{}, options); err != nil {
				t.Fatal(err)
			}
			for _, name := range odd {
				_, err := tr.objects().Get(ctx, name, metav1.GetOptions{})
				expectRefused(t, err, apierrors.IsNotFound)
			}
			tr.get(ctx, t, "collected-0")
			if err := tr.objects().DeleteCollection(ctx, metav1.DeleteOptions{}, tr.mine()); err != nil {
				t.Fatal(err)
			}
			list, err := tr.objects().List(ctx, tr.mine())
			if err != nil {
				t.Fatal(err)
			}
			if len(list.Items) != 0 {
				t.Errorf("%d objects are left, want none: %v", len(list.Items), namesOf(list))
			}
		}))
}

func namesOf(list *unstructured.UnstructuredList) []string {
	names := make([]string, 0, len(list.Items))
	for _, item := range list.Items {
		names = append(names, item.GetName())
	}
	return names
}
