package conformance

import (
	"context"
	"net/http"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"example.com/annex/e2e/step"
)

// Objects creates, reads and updates objects.
func Objects(r Resource) Feature {
	tr := try(r, "Objects", true)
	if r.Can("create") && !r.Can("get") {
		tr.assess("create answers", func(ctx context.Context, t *testing.T) {
			answer := tr.create(ctx, t, "asked")
			if answer.GroupVersionKind() != r.GVK() {
				t.Errorf("the answer is a %s, want a %s", answer.GroupVersionKind(), r.GVK())
			}
			if r.Answer != nil {
				expectValue(t, answer, *r.Answer)
			}
			if answer.GetResourceVersion() != "" {
				t.Errorf("the answer has the resourceVersion %s of something stored", answer.GetResourceVersion())
			}
		})
	}
	if r.Can("create", "get") {
		tr.assess("what was created is read back", func(ctx context.Context, t *testing.T) {
			created := tr.create(ctx, t, "created")
			expectUnchanged(t, created, tr.get(ctx, t, "created"))
			_, err := tr.objects().Create(ctx, tr.sample(t, "created"), metav1.CreateOptions{})
			expectRefused(t, err, apierrors.IsAlreadyExists, r.GVR.Resource, tr.named("created"))
		})
		tr.assess("a body of another kind is refused", func(ctx context.Context, t *testing.T) {
			object := tr.sample(t, "other")
			object.SetKind("Other")
			body, err := object.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			err = tr.raw(http.MethodPost).SetHeader("Content-Type", "application/json").Body(body).Do(ctx).Error()
			// The decoder of built-in resources fails; custom resources are decoded, and not valid.
			expectRefused(t, err, func(err error) bool { return apierrors.IsBadRequest(err) || apierrors.IsInvalid(err) }, "Other")
		})
	}
	if r.Can("get") {
		tr.assess("get", func(ctx context.Context, t *testing.T) {
			object := tr.available(ctx, t, "got")
			got, err := tr.objects().Get(ctx, object.GetName(), metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if got.GroupVersionKind() != r.GVK() || got.GetName() != object.GetName() || got.GetUID() != object.GetUID() {
				t.Errorf("got %s %s with uid %s, want %s %s with uid %s", got.GroupVersionKind(), got.GetName(), got.GetUID(),
					r.GVK(), object.GetName(), object.GetUID())
			}
			_, err = tr.objects().Get(ctx, tr.named("absent"), metav1.GetOptions{})
			expectRefused(t, err, apierrors.IsNotFound, `"`+tr.named("absent")+`" not found`)
		})
		tr.assess("get of any version, as caches answer it", func(ctx context.Context, t *testing.T) {
			object := tr.available(ctx, t, "cached")
			step.Eventually(ctx, t, eventTimeout, "get with resourceVersion=0", func(ctx context.Context) error {
				_, err := tr.objects().Get(ctx, object.GetName(), metav1.GetOptions{ResourceVersion: "0"})
				return err
			})
		})
	}
	if r.Can("create", "get", "update") {
		tr.assess("update", func(ctx context.Context, t *testing.T) {
			before := tr.create(ctx, t, "updated")
			changed := before.DeepCopy()
			tr.Change.Set(t, changed)
			updated := tr.update(ctx, t, changed)
			expectValue(t, updated, tr.Change)
			expectUnchanged(t, updated, tr.get(ctx, t, "updated"))
			if updated.GetResourceVersion() == before.GetResourceVersion() {
				t.Error("resourceVersion did not change")
			}
			// An update that changes nothing writes nothing.
			expectUnchanged(t, updated, tr.update(ctx, t, updated.DeepCopy()))
		})
		tr.assess("an update of an old version conflicts", func(ctx context.Context, t *testing.T) {
			old := tr.create(ctx, t, "conflicting")
			newer := old.DeepCopy()
			newer.SetAnnotations(map[string]string{"example.com/note": "newer"})
			newer = tr.update(ctx, t, newer)
			old.SetAnnotations(map[string]string{"example.com/note": "older"})
			_, err := tr.objects().Update(ctx, old, metav1.UpdateOptions{})
			expectRefused(t, err, apierrors.IsConflict, "the object has been modified")
			expectUnchanged(t, newer, tr.get(ctx, t, "conflicting"))
		})
		tr.assess("an update without resourceVersion", func(ctx context.Context, t *testing.T) {
			object := tr.create(ctx, t, "unconditional")
			tr.Change.Set(t, object)
			object.SetResourceVersion("")
			updated, err := tr.objects().Update(ctx, object, metav1.UpdateOptions{})
			if !r.Unconditional {
				expectInvalid(t, err, "metadata.resourceVersion")
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			expectValue(t, updated, tr.Change)
		})
		tr.assess("an update of an absent object", func(ctx context.Context, t *testing.T) {
			object := tr.sample(t, "absent")
			object.SetResourceVersion("1")
			created, err := tr.objects().Update(ctx, object, metav1.UpdateOptions{})
			if !r.CreateOnUpdate {
				expectRefused(t, err, apierrors.IsNotFound, object.GetName())
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			expectUnchanged(t, created, tr.get(ctx, t, "absent"))
		})
	}
	return tr.Feature
}

func namesOf(list *unstructured.UnstructuredList) []string {
	names := make([]string, 0, len(list.Items))
	for _, item := range list.Items {
		names = append(names, item.GetName())
	}
	return names
}
