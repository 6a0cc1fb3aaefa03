package conformance

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
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
	tr.assess("a streamed list ends with its bookmark", func(ctx context.Context, t *testing.T) {
		tr.available(ctx, t, "streamed")
		tr.available(ctx, t, "streamed-too")
		options := metav1.ListOptions{}
		if tr.Can("create") {
			options = tr.mine()
		}
		list, err := tr.objects().List(ctx, options)
		if err != nil {
			t.Fatal(err)
		}
		// KEP-3157. Informers of client-go 1.35 and later ask this way; one that never gets this bookmark hangs.
		options.AllowWatchBookmarks, options.SendInitialEvents, options.ResourceVersionMatch = true, ptr.To(true), metav1.ResourceVersionMatchNotOlderThan
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
		if want := sets.New(namesOf(list)...); !got.Equal(want) && (tr.Can("create") || !got.Has(tr.Existing)) {
			t.Errorf("streamed %v, want %v", sets.List(got), sets.List(want))
		}
		if !tr.Can("create") {
			return
		}
		tr.create(ctx, t, "streamed-later")
		kind, object := events.next(ctx, t)
		for kind == watch.Bookmark { // There may be more of them at any time.
			kind, object = events.next(ctx, t)
		}
		if kind != watch.Added || object.GetName() != tr.named("streamed-later") {
			t.Errorf("after the bookmark: got %s of %s, want ADDED of %s", kind, object.GetName(), tr.named("streamed-later"))
		}
	})
	tr.assess("options that are none are refused", func(ctx context.Context, t *testing.T) {
		for _, query := range []map[string]string{
			{"sendInitialEvents": "true"},
			{"sendInitialEvents": "true", "resourceVersionMatch": "Exact"},
			{"resourceVersionMatch": "NotOlderThan"},
		} {
			query["watch"], query["timeoutSeconds"] = "true", "1"
			expectInvalid(t, tr.query(ctx, query), "resourceVersionMatch")
		}
	})
	if r.Can("create", "update", "delete") {
		tr.changes()
	}
	return tr.Feature
}

// changes adds what is seen of objects that change.
func (tr *trial) changes() {
	r := tr.Resource
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
	tr.assess("bookmarks go on with the version, and the watch ends in time", func(ctx context.Context, t *testing.T) {
		// The watch cache sends a bookmark two seconds before the end of a watch: k8s.io/apiserver/pkg/storage/cacher,
		// nextBookmarkTime.
		options := tr.mine()
		options.LabelSelector += ",bookmarked=true"
		options.ResourceVersion = tr.version(ctx, t)
		options.AllowWatchBookmarks = true
		options.TimeoutSeconds = ptr.To[int64](4)
		// An object that is not selected is no event, and makes the version grow all the same. It is there when the watch begins: to
		// create it may take longer than until the bookmark.
		unrelated := tr.create(ctx, t, "unrelated")
		started := time.Now()
		events := tr.watch(ctx, t, options)
		kind, got := events.next(ctx, t)
		if kind != watch.Bookmark {
			t.Fatalf("got %s, want BOOKMARK", kind)
		}
		if got.GetKind() != r.Kind || got.GetAPIVersion() != r.GVR.GroupVersion().String() || got.GetName() != "" {
			t.Errorf("the bookmark is a %s of %s named %q, want a %s of %s without a name", got.GetKind(), got.GetAPIVersion(), got.GetName(), r.Kind, r.GVR.GroupVersion())
		}
		if number(t, got.GetResourceVersion()) < number(t, unrelated.GetResourceVersion()) {
			t.Errorf("the bookmark's resourceVersion %s is older than the object's %s", got.GetResourceVersion(), unrelated.GetResourceVersion())
		}
		events.end(t)
		if took := time.Since(started); took < 3*time.Second {
			t.Errorf("the watch with timeoutSeconds=4 ended after %s", took)
		}
	})
	tr.assess("by field selector", func(ctx context.Context, t *testing.T) {
		options := tr.mine()
		options.FieldSelector = "metadata.name=" + tr.named("field")
		options.ResourceVersion = tr.version(ctx, t)
		events := tr.watch(ctx, t, options)
		tr.create(ctx, t, "other-field")
		object := tr.create(ctx, t, "field")
		if err := tr.objects().Delete(ctx, object.GetName(), metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		for _, want := range []watch.EventType{watch.Added, watch.Deleted} {
			if kind, got := events.next(ctx, t); kind != want || got.GetName() != object.GetName() {
				t.Errorf("got %s of %s, want %s of %s", kind, got.GetName(), want, object.GetName())
			}
		}
		_, err := tr.objects().Watch(ctx, metav1.ListOptions{FieldSelector: "spec.noSuchField=x"})
		expectRefused(t, err, apierrors.IsBadRequest, "spec.noSuchField")
	})
	tr.assess("two watches see the same order", func(ctx context.Context, t *testing.T) {
		options := tr.mine()
		options.LabelSelector += ",ordered=true"
		options.ResourceVersion = tr.version(ctx, t)
		watches := []stream{tr.watch(ctx, t, options), tr.watch(ctx, t, options)}
		label := Field{Path: []string{"metadata", "labels", "ordered"}, Value: "true"}
		var group sync.WaitGroup
		const writers = 4
		for i := range writers {
			object := tr.sample(t, fmt.Sprintf("ordered-%d", i))
			label.Set(t, object)
			group.Go(func() {
				if _, err := tr.objects().Create(ctx, object, metav1.CreateOptions{}); err != nil {
					t.Error(err)
				} else if err := tr.objects().Delete(ctx, object.GetName(), metav1.DeleteOptions{}); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		seen := make([][]string, len(watches))
		for i, events := range watches {
			last := uint64(0)
			for range 2 * writers {
				kind, object := events.next(ctx, t)
				seen[i] = append(seen[i], fmt.Sprintf("%s %s %s", kind, object.GetName(), object.GetResourceVersion()))
				if version := number(t, object.GetResourceVersion()); version <= last {
					t.Errorf("resourceVersion %d after %d", version, last)
				} else {
					last = version
				}
			}
		}
		if diff := cmp.Diff(seen[0], seen[1]); diff != "" {
			t.Errorf("the second watch differs from the first (-first +second):\n%s", diff)
		}
	})
	if r.Namespaced {
		tr.assess("of one namespace and of all", func(ctx context.Context, t *testing.T) {
			elsewhere := tr.elsewhere(ctx, t)
			options := tr.mine()
			options.LabelSelector += ",everywhere=true"
			options.ResourceVersion = tr.version(ctx, t)
			everywhere, err := tr.Dynamic.Resource(r.GVR).Watch(ctx, options)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(everywhere.Stop)
			all, here := stream{everywhere.ResultChan()}, tr.watch(ctx, t, options)
			label := Field{Path: []string{"metadata", "labels", "everywhere"}, Value: "true"}
			object := tr.sample(t, "everywhere")
			label.Set(t, object)
			if _, err := tr.Objects(tr.Clients, elsewhere).Create(ctx, object, metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
			tr.create(ctx, t, "everywhere", label)
			for _, want := range []string{elsewhere, tr.Namespace} {
				if kind, got := all.next(ctx, t); kind != watch.Added || got.GetNamespace() != want {
					t.Errorf("of all namespaces: got %s in %s, want ADDED in %s", kind, got.GetNamespace(), want)
				}
			}
			if kind, got := here.next(ctx, t); kind != watch.Added || got.GetNamespace() != tr.Namespace {
				t.Errorf("of one namespace: got %s in %s, want ADDED in %s", kind, got.GetNamespace(), tr.Namespace)
			}
		})
	}
	tr.assess("a version that the server has forgotten is gone", func(ctx context.Context, t *testing.T) {
		tr.create(ctx, t, "gone")
		w, err := tr.objects().Watch(ctx, metav1.ListOptions{ResourceVersion: "1"})
		if err != nil {
			expectRefused(t, err, apierrors.IsResourceExpired)
			return
		}
		defer w.Stop()
		select {
		case event := <-w.ResultChan():
			if event.Type == watch.Added {
				return // Nothing is too old for a cache that has seen the first version.
			}
			if event.Type != watch.Error {
				t.Fatalf("got %s, want ERROR", event.Type)
			}
			expectRefused(t, apierrors.FromObject(event.Object), apierrors.IsResourceExpired, "too old resource version")
		case <-time.After(eventTimeout):
			t.Fatalf("no event within %s", eventTimeout)
		}
	})
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
	kind, got := nextEvent(ctx, t, s.events)
	object, ok := got.(*unstructured.Unstructured)
	if !ok {
		t.Fatalf("the watch sent %s of a %T", kind, got)
	}
	return kind, object
}

// nextEvent waits for the next event of any watch.
func nextEvent(ctx context.Context, t *testing.T, events <-chan watch.Event) (watch.EventType, runtime.Object) {
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

// end waits for the end of the watch, before which nothing may come but bookmarks.
func (s stream) end(t *testing.T) {
	t.Helper()
	timeout := time.After(eventTimeout)
	for {
		select {
		case event, open := <-s.events:
			if !open {
				return
			}
			if event.Type != watch.Bookmark {
				t.Errorf("got %s of %v, want the end of the watch", event.Type, event.Object)
			}
		case <-timeout:
			t.Errorf("the watch did not end within %s", eventTimeout)
			return
		}
	}
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
