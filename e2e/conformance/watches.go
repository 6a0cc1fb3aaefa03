package conformance

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/utils/ptr"
)

// eventTimeout is how long an event may take that should come at once.
const eventTimeout = 15 * time.Second

// Watches follows changes in all the ways that clients use.
func Watches(r Resource) Feature {
	tr := try(r, "Watches", r.Can("watch", "list"))
	if !tr.Feature.Claimed {
		tr.assessAbsence("", "watch")
		return tr.Feature
	}
	if !r.Can("create", "update", "delete") {
		return tr.Feature
	}
	tr.assess("events arrive in order", func(ctx context.Context, t *testing.T) {
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
	})
	tr.assess("a watch can start in the past", func(ctx context.Context, t *testing.T) {
		options := tr.mine()
		options.ResourceVersion = tr.version(ctx, t)
		tr.create(ctx, t, "past")
		if kind, object := tr.watch(ctx, t, options).next(ctx, t); kind != watch.Added || object.GetName() != tr.named("past") {
			t.Errorf("got %s of %s, want ADDED of %s", kind, object.GetName(), tr.named("past"))
		}
	})
	tr.assess("an object that leaves the selector is deleted from the watch", func(ctx context.Context, t *testing.T) {
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
	})
	tr.assess("bookmarks arrive before the watch times out", func(ctx context.Context, t *testing.T) {
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
	})
	tr.assess("a streamed list ends with its bookmark", func(ctx context.Context, t *testing.T) {
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
	})
	tr.assess("a list from a time to come is refused", func(ctx context.Context, t *testing.T) {
		// Not with the dynamic client: it would try ten times more, because
		// the answer asks for that.
		err := tr.raw(http.MethodGet).
			Param("resourceVersion", tr.version(ctx, t)+"0000").
			Param("resourceVersionMatch", string(metav1.ResourceVersionMatchNotOlderThan)).
			Do(ctx).Error()
		expectRefused(t, err, apierrors.IsTimeout, "Too large resource version")
	})
	return tr.Feature
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
	ctx, cancel := context.WithTimeout(ctx, eventTimeout)
	defer cancel()
	select {
	case event, open := <-s.events:
		if !open {
			t.Fatal("the watch ended")
		}
		object, ok := event.Object.(*unstructured.Unstructured)
		if event.Type == watch.Error || !ok {
			t.Fatalf("the watch sent %s: %v", event.Type, apierrors.FromObject(event.Object))
		}
		return event.Type, object
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
