package registry

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	genericregistry "k8s.io/apiserver/pkg/registry/generic/registry"
	"k8s.io/utils/ptr"
)

// replicaSetLog tells of ReplicaSets, with the options of a pod's log.
func replicaSetLog() Log[*appsv1.ReplicaSet] {
	return Log[*appsv1.ReplicaSet]{
		NewOptions: func() runtime.Object { return &corev1.PodLogOptions{} },
		Options: func(parameters runtime.Object) LogOptions {
			o := parameters.(*corev1.PodLogOptions)
			return LogOptions{o.Follow, o.SinceSeconds, o.SinceTime, o.Timestamps, o.TailLines, o.LimitBytes}
		},
		Describe: func(r *appsv1.ReplicaSet) []LogLine {
			lines := []LogLine{{Text: "has what it has"}}
			for _, c := range r.Status.Conditions {
				lines = append(lines, LogLine{c.LastTransitionTime.Time, c.Message})
			}
			return lines
		},
		Changes: func(old, now *appsv1.ReplicaSet) []string {
			if *old.Spec.Replicas == *now.Spec.Replicas {
				return nil
			}
			return []string{"scaled", "again"}
		},
	}
}

// logged is an object with something to tell at the seconds 1 to 5.
func logged() *appsv1.ReplicaSet {
	r := replicaSet() // created at 1
	r.ManagedFields = []metav1.ManagedFieldsEntry{
		{Manager: "controller", Operation: metav1.ManagedFieldsOperationUpdate, Subresource: "status", Time: ptr.To(metav1.Unix(4, 0))},
		{Manager: "owner", Operation: metav1.ManagedFieldsOperationApply, Time: ptr.To(metav1.Unix(2, 0))},
		{Manager: "unknown when", Operation: metav1.ManagedFieldsOperationUpdate},
	}
	r.Status.Conditions = []appsv1.ReplicaSetCondition{{LastTransitionTime: metav1.Unix(3, 0), Message: "first\nsecond\r\nthird"}}
	r.DeletionTimestamp, r.Finalizers = ptr.To(metav1.Unix(5, 0)), []string{"example.com/a", "example.com/b"}
	return r
}

var wholeLog = []string{
	"created",
	"applied by owner",
	"first second third",
	"written by controller through status",
	"being deleted, waiting for finalizers example.com/a, example.com/b",
	"has what it has",
}

func TestLogOfAnObject(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		options LogOptions
		want    string
	}{
		"everything":                {LogOptions{}, lines(wholeLog...)},
		"since a time":              {LogOptions{SinceTime: ptr.To(metav1.Unix(4, 0))}, lines(wholeLog[3:]...)},
		"since before it was there": {LogOptions{SinceTime: ptr.To(metav1.Unix(0, 0))}, lines(wholeLog...)},
		"since a minute ago":        {LogOptions{SinceSeconds: ptr.To[int64](60)}, lines(wholeLog[5:]...)},
		"since the future":          {LogOptions{SinceTime: ptr.To(metav1.NewTime(time.Now().Add(time.Hour)))}, ""},
		"the last two":              {LogOptions{TailLines: ptr.To[int64](2)}, lines(wholeLog[4:]...)},
		"the last hundred":          {LogOptions{TailLines: ptr.To[int64](100)}, lines(wholeLog...)},
		"none":                      {LogOptions{TailLines: ptr.To[int64](0)}, ""},
		"the first bytes":           {LogOptions{LimitBytes: ptr.To[int64](12)}, "created\nappl"},
		"more bytes than there are": {LogOptions{LimitBytes: ptr.To[int64](1000)}, lines(wholeLog...)},
		"with times":                {LogOptions{Timestamps: true, LimitBytes: ptr.To[int64](48)}, "1970-01-01T00:00:01Z created\n1970-01-01T00:00:02Z"[:48]},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := io.ReadAll(newLogStream(replicaSetLog(), tc.options, logged()))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, string(got)); diff != "" {
				t.Errorf("log (-want +got):\n%s", diff)
			}
		})
	}
}

func lines(texts ...string) string { return strings.Join(texts, "\n") + "\n" }

// followed is a log that begins with what happens next.
func followed(options LogOptions) (*logStream[*appsv1.ReplicaSet], *watch.FakeWatcher) {
	options.Follow, options.TailLines = true, ptr.To[int64](0)
	s := newLogStream(replicaSetLog(), options, replicaSet())
	watcher := watch.NewFakeWithChanSize(10, false)
	s.watcher = watcher
	return s, watcher
}

func TestFollow(t *testing.T) {
	t.Parallel()
	changed := func(change func(*appsv1.ReplicaSet)) *appsv1.ReplicaSet {
		r := replicaSet()
		change(r)
		return r
	}
	scaled := changed(func(r *appsv1.ReplicaSet) { r.Spec.Replicas = ptr.To[int32](9) })
	for name, tc := range map[string]struct {
		options LogOptions
		events  []watch.Event
		want    string
	}{
		"scaled, and deleted": {
			events: []watch.Event{{Type: watch.Modified, Object: scaled}, {Type: watch.Deleted, Object: scaled}},
			want:   lines("scaled", "again", "deleted"),
		},
		"each change is told once": {
			events: []watch.Event{{Type: watch.Modified, Object: scaled}, {Type: watch.Modified, Object: scaled.DeepCopy()}, {Type: watch.Deleted, Object: scaled}},
			want:   lines("scaled", "again", "deleted"),
		},
		"what tells nothing": {
			events: []watch.Event{
				{Type: watch.Bookmark, Object: &appsv1.ReplicaSet{}},
				{Type: watch.Modified, Object: changed(func(r *appsv1.ReplicaSet) { r.Labels = nil })},
				{Type: watch.Deleted, Object: scaled},
			},
			want: lines("deleted"),
		},
		"a finalizer": {
			events: []watch.Event{
				{Type: watch.Modified, Object: changed(func(r *appsv1.ReplicaSet) {
					r.DeletionTimestamp, r.Finalizers = ptr.To(metav1.Now()), []string{"example.com/a", "example.com/b"}
				})},
				{Type: watch.Modified, Object: changed(func(r *appsv1.ReplicaSet) {
					r.DeletionTimestamp, r.Finalizers = ptr.To(metav1.Now()), []string{"example.com/b"}
				})},
				{Type: watch.Deleted, Object: scaled},
			},
			want: lines("being deleted, waiting for finalizers example.com/a, example.com/b", "being deleted, waiting for finalizers example.com/b", "deleted"),
		},
		"another of the same name": {
			events: []watch.Event{{Type: watch.Added, Object: changed(func(r *appsv1.ReplicaSet) { r.UID = "another" })}},
			want:   lines("deleted, and created anew: that is another object, and another log"),
		},
		"what several watch": {
			events: []watch.Event{{Type: watch.Modified, Object: shared{scaled}}, {Type: watch.Deleted, Object: shared{scaled}}},
			want:   lines("scaled", "again", "deleted"),
		},
		"an error": {
			events: []watch.Event{{Type: watch.Error, Object: &apierrors.NewResourceExpired("too old").ErrStatus}},
			want:   lines("the server lost track of the object: follow again (too old)"),
		},
		"the watch ends": {
			want: lines("the server lost track of the object: follow again"),
		},
		"enough bytes": {
			options: LogOptions{LimitBytes: ptr.To[int64](9)},
			events:  []watch.Event{{Type: watch.Modified, Object: scaled}},
			want:    "scaled\nag",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, watcher := followed(tc.options)
			for _, event := range tc.events {
				watcher.Action(event.Type, event.Object)
			}
			if len(tc.events) == 0 {
				watcher.Stop()
			}
			got, err := io.ReadAll(s)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, string(got)); diff != "" {
				t.Errorf("log (-want +got):\n%s", diff)
			}
			if err := s.Close(); err != nil || !watcher.IsStopped() {
				t.Errorf("closing: %v; the watch is stopped: %t", err, watcher.IsStopped())
			}
		})
	}
}

// shared is an object as the watch cache hands it to several watchers.
type shared struct{ *appsv1.ReplicaSet }

var _ runtime.CacheableObject = shared{}

func (s shared) CacheEncode(runtime.Identifier, func(runtime.Object, io.Writer) error, io.Writer) error {
	return errors.New("nobody encodes it")
}
func (s shared) GetObject() runtime.Object { return s.ReplicaSet }

// TestFollowEnds with whoever reads, and with the server.
func TestFollowEnds(t *testing.T) {
	t.Parallel()
	closed := make(chan struct{})
	close(closed)
	for _, tc := range []struct {
		name string
		end  func(*logStream[*appsv1.ReplicaSet])
		want string
	}{
		{"the reader", func(s *logStream[*appsv1.ReplicaSet]) { s.done = closed }, ""},
		{"the server", func(s *logStream[*appsv1.ReplicaSet]) { s.shuttingDown = closed }, lines("the server shuts down: follow again")},
	} {
		s, _ := followed(LogOptions{})
		tc.end(s)
		if got, err := io.ReadAll(s); err != nil || string(got) != tc.want {
			t.Errorf("%s: got %q, %v; want %q", tc.name, got, err, tc.want)
		}
	}
}

// TestFollowTellsAtOnce what there is, and does not wait for more.
func TestFollowTellsAtOnce(t *testing.T) {
	t.Parallel()
	s, watcher := followed(LogOptions{Timestamps: true})
	if _, flush, contentType, err := s.InputStream(t.Context(), "", ""); !flush || contentType != "text/plain" || err != nil {
		t.Errorf("flush %t, content type %s, %v; want text/plain, flushed", flush, contentType, err)
	}
	before := time.Now()
	scaled := replicaSet()
	scaled.Spec.Replicas = ptr.To[int32](9)
	watcher.Modify(scaled)
	buffer := make([]byte, 1000)
	n, err := s.Read(buffer)
	if err != nil {
		t.Fatal(err)
	}
	told := strings.Split(string(buffer[:n]), "\n")
	if len(told) != 3 || !strings.HasSuffix(told[0], " scaled") || !strings.HasSuffix(told[1], " again") {
		t.Fatalf("got %q, want the two lines", told)
	}
	stamp, _, _ := strings.Cut(told[0], " ")
	if at, err := time.Parse(time.RFC3339Nano, stamp); err != nil || at.Before(before.Truncate(0)) || at.After(time.Now()) || at.Location() != time.UTC {
		t.Errorf("the line is of %s, %v; want now", stamp, err)
	}
}

func TestLogOptionsRefused(t *testing.T) {
	t.Parallel()
	for want, options := range map[string]*corev1.PodLogOptions{
		"tailLines: Invalid value: -1: must be greater than or equal to 0":      {TailLines: ptr.To[int64](-1)},
		"limitBytes: Invalid value: 0: must be greater than 0":                  {LimitBytes: ptr.To[int64](0)},
		"sinceSeconds: Invalid value: 0: must be greater than 0":                {SinceSeconds: ptr.To[int64](0)},
		"sinceTime: Forbidden: may not be specified together with sinceSeconds": {SinceSeconds: ptr.To[int64](1), SinceTime: ptr.To(metav1.Now())},
	} {
		s := &logStore[*appsv1.ReplicaSet]{Log: replicaSetLog(), options: schema.GroupKind{Group: "apps", Kind: "ReplicaSetLogOptions"}}
		_, err := s.Get(t.Context(), "a", options)
		if !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), `ReplicaSetLogOptions.apps "a" is invalid: `+want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestLogStore(t *testing.T) {
	t.Parallel()
	s := runtime.NewScheme()
	if _, err := newLogStore(replicaSetLog(), &genericregistry.Store{}, s); err == nil || !strings.Contains(err.Error(), "PodLogOptions") {
		t.Errorf("options that are not in the scheme: got %v, want an error that names them", err)
	}
	s.AddKnownTypes(corev1.SchemeGroupVersion, &corev1.PodLogOptions{})
	store, err := newLogStore(replicaSetLog(), &genericregistry.Store{NewFunc: func() runtime.Object { return &appsv1.ReplicaSet{} }}, s)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := store.New().(*appsv1.ReplicaSet); !ok {
		t.Errorf("its kind is that of %T, want the resource's", store.New())
	}
	if got := []string{store.OverrideMetricsVerb("GET"), store.OverrideMetricsVerb("LIST")}; !slices.Equal(got, []string{"CONNECT", "LIST"}) {
		t.Errorf("in metrics, GET and LIST are %q", got)
	}
	description := replicaSets()
	description.Log = &Log[*appsv1.ReplicaSet]{}
	if err := description.validate(); err == nil || !strings.Contains(err.Error(), "Log needs NewOptions, Options and Changes") {
		t.Errorf("got %v, want an error about Log", err)
	}
}
