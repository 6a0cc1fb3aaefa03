package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"
)

// Delete deletes objects, one and many. What the garbage collector does then, [Ownership] checks.
func Delete(r Resource) Feature {
	tr := try(r, "Delete", r.Can("create", "get", "delete"))
	if !tr.Feature.Claimed {
		tr.assessAbsence("", "delete", "deletecollection")
		return tr.Feature
	}
	tr.assess("the answer names what was deleted", func(ctx context.Context, t *testing.T) {
		object := tr.create(ctx, t, "answered")
		data, err := tr.raw(http.MethodDelete, object.GetName()).Do(ctx).Raw()
		if err != nil {
			t.Fatal(err)
		}
		answer := &unstructured.Unstructured{}
		if err := json.Unmarshal(data, &answer.Object); err != nil {
			t.Fatalf("decoding the answer: %v", err)
		}
		switch {
		case r.ReturnsDeleted:
			if answer.GroupVersionKind() != r.GVK() || answer.GetUID() != object.GetUID() {
				t.Errorf("the answer is %s %s of uid %s, want %s of %s", answer.GroupVersionKind(), answer.GetName(), answer.GetUID(), r.GVK(), object.GetUID())
			}
		default:
			var status metav1.Status
			if err := json.Unmarshal(data, &status); err != nil {
				t.Fatalf("decoding the answer: %v", err)
			}
			want := &metav1.StatusDetails{Name: object.GetName(), Group: r.GVR.Group, Kind: r.GVR.Resource, UID: object.GetUID()}
			if status.Kind != "Status" || status.Status != metav1.StatusSuccess {
				t.Errorf("got %s %s, want a Status of Success", status.Kind, status.Status)
			}
			if diff := cmp.Diff(want, status.Details); diff != "" {
				t.Errorf("details (-want +got):\n%s", diff)
			}
		}
		_, err = tr.objects().Get(ctx, object.GetName(), metav1.GetOptions{})
		expectRefused(t, err, apierrors.IsNotFound)
		expectRefused(t, tr.objects().Delete(ctx, object.GetName(), metav1.DeleteOptions{}), apierrors.IsNotFound, object.GetName())
	})
	tr.assess("preconditions", func(ctx context.Context, t *testing.T) {
		object := tr.create(ctx, t, "conditional")
		uid, version := object.GetUID()+"-other", object.GetResourceVersion()+"0"
		for _, preconditions := range []metav1.Preconditions{
			{UID: &uid},
			{ResourceVersion: &version},
			{UID: ptr.To(object.GetUID()), ResourceVersion: &version},
		} {
			err := tr.objects().Delete(ctx, object.GetName(), metav1.DeleteOptions{Preconditions: &preconditions})
			expectRefused(t, err, apierrors.IsConflict, object.GetName())
		}
		expectUnchanged(t, object, tr.get(ctx, t, "conditional"))
		uid, version = object.GetUID(), object.GetResourceVersion()
		if err := tr.objects().Delete(ctx, object.GetName(), metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid, ResourceVersion: &version}}); err != nil {
			t.Fatalf("deleting with preconditions that hold: %v", err)
		}
	})
	tr.assess("options that are none are refused", func(ctx context.Context, t *testing.T) {
		object := tr.create(ctx, t, "optional")
		for field, options := range map[string]metav1.DeleteOptions{
			"propagationPolicy": {PropagationPolicy: ptr.To(metav1.DeletionPropagation("Sideways"))},
			"dryRun":            {DryRun: []string{"Some"}},
		} {
			expectInvalid(t, tr.objects().Delete(ctx, object.GetName(), options), field)
		}
		both := []byte(`{"orphanDependents":true,"propagationPolicy":"Orphan"}`)
		err := tr.raw(http.MethodDelete, object.GetName()).SetHeader("Content-Type", "application/json").Body(both).Do(ctx).Error()
		expectInvalid(t, err, "propagationPolicy")
		expectUnchanged(t, object, tr.get(ctx, t, "optional"))
	})
	if r.Can("update") {
		tr.assess("a finalizer holds up the deletion", func(ctx context.Context, t *testing.T) {
			created := tr.create(ctx, t, "finalized", Field{Path: []string{"metadata", "finalizers"}, Value: []any{Finalizer}})
			if err := tr.objects().Delete(ctx, created.GetName(), metav1.DeleteOptions{}); err != nil {
				t.Fatal(err)
			}
			held := tr.get(ctx, t, "finalized")
			if held.GetDeletionTimestamp() == nil || held.GetDeletionGracePeriodSeconds() == nil || *held.GetDeletionGracePeriodSeconds() != 0 {
				t.Errorf("deletionTimestamp is %v, deletionGracePeriodSeconds %v, want now and 0", held.GetDeletionTimestamp(), held.GetDeletionGracePeriodSeconds())
			}
			tr.expectGeneration(t, held, created, 1) // The deletion is what somebody wants of the object.
			if err := tr.objects().Delete(ctx, created.GetName(), metav1.DeleteOptions{}); err != nil {
				t.Errorf("deleting it again: %v", err)
			}
			expectUnchanged(t, held, tr.get(ctx, t, "finalized"))
			more := held.DeepCopy()
			more.SetFinalizers(append(more.GetFinalizers(), "example.com/more"))
			_, err := tr.objects().Update(ctx, more, metav1.UpdateOptions{})
			expectInvalid(t, err, "metadata.finalizers")
			back := held.DeepCopy()
			back.SetDeletionTimestamp(nil)
			if kept, err := tr.objects().Update(ctx, back, metav1.UpdateOptions{}); err != nil || kept.GetDeletionTimestamp() == nil {
				t.Errorf("an update without deletionTimestamp: %v, %v, want it kept", kept, err)
			}
			held.SetFinalizers(nil)
			tr.update(ctx, t, held)
			_, err = tr.objects().Get(ctx, held.GetName(), metav1.GetOptions{})
			expectRefused(t, err, apierrors.IsNotFound)
		})
	}
	if !r.Can("list", "deletecollection") {
		tr.assessAbsence("", "deletecollection")
		return tr.Feature
	}
	tr.assess("a collection", func(ctx context.Context, t *testing.T) {
		for i := range 6 {
			tr.create(ctx, t, fmt.Sprintf("collected-%d", i), Field{Path: []string{"metadata", "labels", "odd"}, Value: fmt.Sprint(i%2 == 1)})
		}
		selected := func(labels string) metav1.ListOptions {
			options := tr.mine()
			options.LabelSelector += "," + labels
			return options
		}
		count := func(options metav1.ListOptions) int {
			t.Helper()
			list, err := tr.objects().List(ctx, options)
			if err != nil {
				t.Fatal(err)
			}
			return len(list.Items)
		}
		remove := func(options metav1.ListOptions) {
			t.Helper()
			if err := tr.objects().DeleteCollection(ctx, metav1.DeleteOptions{}, options); err != nil {
				t.Fatal(err)
			}
		}
		// A limit is how many are deleted.
		limited := selected("odd=true")
		limited.Limit = 1
		remove(limited)
		if odd, even := count(selected("odd=true")), count(selected("odd=false")); odd != 2 || even != 3 {
			t.Errorf("after one of three was deleted: %d with the label and %d without it, want 2 and 3", odd, even)
		}
		remove(selected("odd=true"))
		if odd, even := count(selected("odd=true")), count(selected("odd=false")); odd != 0 || even != 3 {
			t.Errorf("after all of them were deleted: %d with the label and %d without it, want 0 and 3", odd, even)
		}
		one := selected("odd=false")
		one.FieldSelector = "metadata.name=" + tr.named("collected-0")
		remove(one)
		if even := count(selected("odd=false")); even != 2 {
			t.Errorf("after one was deleted by its name: %d are left, want 2", even)
		}
		remove(tr.mine())
		if left := count(tr.mine()); left != 0 {
			t.Errorf("%d objects are left, want none", left)
		}
	})
	tr.assess("a collection answers with what it deleted", func(ctx context.Context, t *testing.T) {
		tr.create(ctx, t, "listed")
		data, err := tr.raw(http.MethodDelete).Param("labelSelector", Selector(tr.Namespace)).Do(ctx).Raw()
		if err != nil {
			t.Fatal(err)
		}
		var list unstructured.UnstructuredList
		if err := list.UnmarshalJSON(data); err != nil {
			t.Fatalf("decoding the answer: %v", err)
		}
		if list.GetKind() != r.Kind+"List" || len(list.Items) != 1 || list.Items[0].GetName() != tr.named("listed") {
			t.Errorf("got a %s of %v, want a %sList of %s", list.GetKind(), namesOf(&list), r.Kind, tr.named("listed"))
		}
	})
	return tr.Feature
}
