package conformance

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/e2e-framework/pkg/features"

	"example.com/annex/e2e/step"
)

// eventTimeout is how long an event may take that should come at once.
const eventTimeout = 15 * time.Second

// Watch follows changes in all the ways that clients use.
func Watch(r Resource) *features.FeatureBuilder {
	tr, f := try(r, "watch")
	return f.
		Assess("events arrive in order", step.Do(func(ctx context.Context, t *testing.T) {
			options := tr.mine()
			options.ResourceVersion = tr.version(ctx, t)
			events := tr.watch(ctx, t, options)

			object := tr.create(ctx, t, "watched")
			for i := range 3 {
				object.SetAnnotations(map[string]string{"example.com/step": strconv.Itoa(i)})
				updated, err := tr.objects().Update(ctx, object, metav1.UpdateOptions{})
				if err != nil {
					t.Fatal(err)
				}
				object = updated
			}
			if err := tr.objects().Delete(ctx, object.GetName(), metav1.DeleteOptions{}); err != nil {
				t.Fatal(err)
			}

			last := number(t, options.ResourceVersion)
			for _, want := range []struct {
				kind watch.EventType
				step string
			}{
				{watch.Added, ""}, {watch.Modified, "0"}, {watch.Modified, "1"}, {watch.Modified, "2"}, {watch.Deleted, "2"},
			} {
				kind, got := events.next(ctx, t)
				if kind != want.kind || got.GetName() != object.GetName() || got.GetAnnotations()["example.com/step"] != want.step {
					t.Errorf("got %s of %s at step %q, want %s of %s at step %q", kind, got.GetName(),
						got.GetAnnotations()["example.com/step"], want.kind, object.GetName(), want.step)
				}
				version := number(t, got.GetResourceVersion())
				if version <= last {
					t.Errorf("%s has resourceVersion %d after %d", kind, version, last)
				}
				last = version
			}
		})).
		Assess("a watch can start in the past", step.Do(func(ctx context.Context, t *testing.T) {
			options := tr.mine()
			options.ResourceVersion = tr.version(ctx, t)
			tr.create(ctx, t, "past")
			if kind, object := tr.watch(ctx, t, options).next(ctx, t); kind != watch.Added || object.GetName() != tr.named("past") {
				t.Errorf("got %s of %s, want ADDED of %s", kind, object.GetName(), tr.named("past"))
			}
		})).
		Assess("an object that leaves the selector is deleted from the watch", step.Do(func(ctx context.Context, t *testing.T) {
			options := tr.mine()
			options.LabelSelector += ",phase=in"
			options.ResourceVersion = tr.version(ctx, t)
			events := tr.watch(ctx, t, options)

			object := tr.create(ctx, t, "selected")
			for _, phase := range []string{"in", "out"} {
				labels := object.GetLabels()
				labels["phase"] = phase
				object.SetLabels(labels)
				updated, err := tr.objects().Update(ctx, object, metav1.UpdateOptions{})
				if err != nil {
					t.Fatal(err)
				}
				object = updated
			}
			for _, want := range []watch.EventType{watch.Added, watch.Deleted} {
				if kind, got := events.next(ctx, t); kind != want || got.GetName() != object.GetName() {
					t.Errorf("got %s of %s, want %s of %s", kind, got.GetName(), want, object.GetName())
				}
			}
		})).
		Assess("bookmarks arrive before the watch times out", step.Do(func(ctx context.Context, t *testing.T) {
			// The watch cache sends a bookmark two seconds before the end of a
			// watch: k8s.io/apiserver/pkg/storage/cacher, nextBookmarkTime.
			options := tr.mine()
			options.ResourceVersion = tr.version(ctx, t)
			options.AllowWatchBookmarks = true
			options.TimeoutSeconds = ptr.To[int64](5)
			events := tr.watch(ctx, t, options)
			kind, got := events.next(ctx, t)
			if kind != watch.Bookmark {
				t.Fatalf("got %s, want BOOKMARK", kind)
			}
			if number(t, got.GetResourceVersion()) < number(t, options.ResourceVersion) {
				t.Errorf("the bookmark's resourceVersion %s is older than the list's %s", got.GetResourceVersion(), options.ResourceVersion)
			}
		})).
		Assess("a streamed list ends with its bookmark", step.Do(func(ctx context.Context, t *testing.T) {
			want := sets.New[string]()
			for i := range 3 {
				want.Insert(tr.create(ctx, t, fmt.Sprintf("streamed-%d", i)).GetName())
			}
			list, err := tr.objects().List(ctx, tr.mine())
			if err != nil {
				t.Fatal(err)
			}
			want.Insert(namesOf(list)...)
			// KEP-3157. Informers of client-go 1.35 and later ask this way; one
			// that never gets this bookmark hangs.
			options := tr.mine()
			options.AllowWatchBookmarks = true
			options.SendInitialEvents = ptr.To(true)
			options.ResourceVersionMatch = metav1.ResourceVersionMatchNotOlderThan
			events := tr.watch(ctx, t, options)
			got := sets.New[string]()
			for {
				kind, object := events.next(ctx, t)
				if kind == watch.Bookmark {
					if object.GetAnnotations()[metav1.InitialEventsAnnotationKey] != "true" {
						t.Errorf("the bookmark lacks the annotation %s=true", metav1.InitialEventsAnnotationKey)
					}
					if number(t, object.GetResourceVersion()) < number(t, list.GetResourceVersion()) {
						t.Errorf("the bookmark's resourceVersion %s is older than the list's %s", object.GetResourceVersion(), list.GetResourceVersion())
					}
					break
				}
				if kind != watch.Added {
					t.Errorf("got %s of %s, want only ADDED before the bookmark", kind, object.GetName())
				}
				got.Insert(object.GetName())
			}
			if !got.Equal(want) {
				t.Errorf("streamed %v, want %v", sets.List(got), sets.List(want))
			}
			tr.create(ctx, t, "streamed-later")
			if kind, object := events.next(ctx, t); kind != watch.Added || object.GetName() != tr.named("streamed-later") {
				t.Errorf("after the bookmark: got %s of %s, want ADDED of %s", kind, object.GetName(), tr.named("streamed-later"))
			}
		})).
		Assess("a list from a time to come is refused", step.Do(func(ctx context.Context, t *testing.T) {
			// Not with the dynamic client: it would try ten times more, because
			// the answer asks for that.
			err := tr.Kubernetes.Discovery().RESTClient().Get().AbsPath(tr.path()...).
				Param("resourceVersion", tr.version(ctx, t)+"0000").
				Param("resourceVersionMatch", string(metav1.ResourceVersionMatchNotOlderThan)).
				MaxRetries(0).Do(ctx).Error()
			expectRefused(t, err, apierrors.IsTimeout, "Too large resource version")
		}))
}

// version is the resourceVersion of the list now.
func (tr *trial) version(ctx context.Context, t *testing.T) string {
	t.Helper()
	list, err := tr.objects().List(ctx, tr.mine())
	if err != nil {
		t.Fatalf("listing %s to watch from there: %v", tr.GVR.Resource, err)
	}
	return list.GetResourceVersion()
}

// watch starts a watch, which ends with the assessment.
func (tr *trial) watch(ctx context.Context, t *testing.T, options metav1.ListOptions) stream {
	t.Helper()
	w, err := tr.objects().Watch(ctx, options)
	if err != nil {
		t.Fatalf("watching %s: %v", tr.GVR.Resource, err)
	}
	t.Cleanup(w.Stop)
	return stream{w.ResultChan()}
}

// stream is what comes from a watch.
type stream struct {
	events <-chan watch.Event
}

// next waits for the next event.
func (s stream) next(ctx context.Context, t *testing.T) (watch.EventType, *unstructured.Unstructured) {
	t.Helper()
	kind, object := next(ctx, t, s.events)
	return kind, object.(*unstructured.Unstructured)
}

// next waits for the next event of any watch.
func next(ctx context.Context, t *testing.T, events <-chan watch.Event) (watch.EventType, runtime.Object) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, eventTimeout)
	defer cancel()
	select {
	case event, open := <-events:
		if !open {
			t.Fatal("the watch ended")
		}
		if event.Type == watch.Error {
			t.Fatalf("the watch sent %s: %v", event.Type, apierrors.FromObject(event.Object))
		}
		return event.Type, event.Object
	case <-ctx.Done():
		t.Fatalf("no event within %s", eventTimeout)
	}
	return "", nil
}

// number is a resourceVersion to compare. Since Kubernetes 1.35 (KEP-5504)
// clients may compare them as whole numbers.
func number(t *testing.T, version string) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(version, 10, 64)
	if err != nil {
		t.Fatalf("resourceVersion %q is not a whole number", version)
	}
	return n
}
