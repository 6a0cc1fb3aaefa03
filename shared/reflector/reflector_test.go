package reflector

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/component-base/metrics/testutil"

	"example.com/annex/shared/condition"
)

// nodes are as another resource in each test: metrics are process-wide.
func nodes(t *testing.T) schema.GroupResource {
	return schema.GroupResource{Group: strings.ToLower(t.Name()), Resource: "nodes"}
}

// server answers lists and watches, or doesn't. It does not stream lists.
type server struct {
	mu      sync.Mutex
	objects []corev1.Node
	down    error
	watches []*watch.FakeWatcher
	lists   int
	// opening, if it is set, is what a watch waits for before it opens.
	opening <-chan struct{}
}

func (s *server) List(context.Context, metav1.ListOptions) (*corev1.NodeList, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lists++
	if s.down != nil {
		return nil, s.down
	}
	return &corev1.NodeList{ListMeta: metav1.ListMeta{ResourceVersion: "1"}, Items: append([]corev1.Node(nil), s.objects...)}, nil
}

func (s *server) Watch(context.Context, metav1.ListOptions) (watch.Interface, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if opening := s.opening; opening != nil {
		s.mu.Unlock()
		<-opening
		s.mu.Lock()
	}
	if s.down != nil {
		return nil, s.down
	}
	w := watch.NewFakeWithOptions(watch.FakeOptions{ChannelSize: 10})
	s.watches = append(s.watches, w)
	return w, nil
}

func (*server) IsWatchListSemanticsUnSupported() bool { return true }

// set changes what the server has, and ends its watches.
func (s *server) set(down error, names ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down, s.objects = down, nil
	for _, name := range names {
		s.objects = append(s.objects, corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}})
	}
	for _, w := range s.watches {
		w.Stop()
	}
	s.watches = nil
}

func (s *server) listed() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lists
}

// start runs a reflector of the server until the test ends.
func start(t *testing.T, s *server) *Reflector {
	t.Helper()
	set := NewSet(&rest.Config{})
	var r *Reflector
	for range 2 { // The second asks for the same.
		again, err := set.For(nodes(t), func(*rest.Config) (Options, error) {
			return Options{Type: &corev1.Node{}, ListerWatcher: ListWatch(s)}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if r != nil && r != again {
			t.Error("one resource has two reflectors")
		}
		r = again
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		set.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return r
}

func (r *Reflector) has(names ...string) bool {
	keys := r.indexer.ListKeys()
	for _, name := range names {
		if _, ok, _ := r.indexer.GetByKey(name); !ok {
			return false
		}
	}
	return len(keys) == len(names)
}

func expectMetric(t *testing.T, want float64) {
	t.Helper()
	got, err := testutil.GetGaugeMetricValue(metric.WithLabelValues(nodes(t).String()))
	if err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("the metric is %v, want %v", got, want)
	}
}

func TestInStepWaitsForTheFirstAnswer(t *testing.T) {
	t.Parallel()
	s := &server{}
	s.set(nil, "a", "b")
	r := start(t, s)
	if err := InStep(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if !r.has("a", "b") {
		t.Errorf("in step, and has %v", r.indexer.ListKeys())
	}
}

func TestOutOfStep(t *testing.T) {
	t.Parallel()
	s := &server{}
	s.set(nil, "a")
	r := start(t, s)
	if err := InStep(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	expectMetric(t, 1)
	s.set(errors.New("the server is on fire"), "a", "b")
	condition.Eventually(t.Context(), t, 20*time.Second, "the reflector to notice", condition.Holds(func() bool { return InStep(t.Context(), r) != nil }))
	expectMetric(t, 0)
	started := time.Now()
	err := InStep(t.Context(), r)
	if took := time.Since(started); took > Grace/2 {
		t.Errorf("it is known for long, and the refusal took %s", took)
	}
	if !apierrors.IsServiceUnavailable(err) || !strings.Contains(err.Error(), "nodes.testoutofstep can't be read for ") || !strings.Contains(err.Error(), "the server is on fire") {
		t.Errorf("got %v, want status 503 that says what and why", err)
	}
	if _, retry := apierrors.SuggestsClientDelay(err); retry {
		t.Error("clients are told to ask again, which they would do ten times before they say anything")
	}

	lists := s.listed()
	s.set(nil, "b", "c")
	condition.Eventually(t.Context(), t, 20*time.Second, "the reflector to be in step", condition.Holds(func() bool { return InStep(t.Context(), r) == nil }))
	expectMetric(t, 1)
	if !r.has("b", "c") || s.listed() <= lists {
		t.Errorf("in step again, and has %v after %d lists", r.indexer.ListKeys(), s.listed()-lists)
	}
}

func TestAShortGapIsWaitedFor(t *testing.T) {
	t.Parallel()
	s := &server{}
	s.set(nil, "a")
	r := start(t, s)
	if err := InStep(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	s.set(nil, "a") // As when a watch reaches its timeout.
	for range 100 {
		if err := InStep(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
}

// A server that hangs while a watch opens: the watch that it lets through at last goes on from long ago.
func TestAWatchThatOpensLate(t *testing.T) {
	t.Parallel()
	s := &server{}
	s.set(nil, "a")
	r := start(t, s)
	if err := InStep(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	opening := make(chan struct{})
	s.mu.Lock()
	s.opening = opening
	s.mu.Unlock()
	lists := s.listed()
	s.set(nil, "a", "b")
	condition.Eventually(t.Context(), t, 20*time.Second, "the reflector to notice", condition.Holds(func() bool { return !r.InStepNow() }))
	condition.Eventually(t.Context(), t, 20*time.Second, "the gap to be long", condition.Holds(func() bool { return InStep(t.Context(), r) != nil }))
	s.mu.Lock()
	s.opening = nil
	s.mu.Unlock()
	close(opening)
	condition.Eventually(t.Context(), t, 20*time.Second, "the reflector to be in step", condition.Holds(r.InStepNow))
	if !r.has("a", "b") || s.listed() <= lists {
		t.Errorf("in step again, and has %v after %d lists", r.indexer.ListKeys(), s.listed()-lists)
	}
}

func TestInStepEndsWithTheRequest(t *testing.T) {
	t.Parallel()
	s := &server{}
	s.set(errors.New("down"))
	r := start(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	started := time.Now()
	if err := InStep(ctx, r); err == nil {
		t.Error("in step without an answer")
	}
	if took := time.Since(started); took > Grace/2 {
		t.Errorf("the caller is gone, and InStep took %s", took)
	}
}

func TestIncompleteOptions(t *testing.T) {
	t.Parallel()
	broken := errors.New("no client")
	set := NewSet(&rest.Config{})
	if _, err := set.For(nodes(t), func(*rest.Config) (Options, error) { return Options{}, broken }); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
	if _, err := set.For(nodes(t), func(*rest.Config) (Options, error) { return Options{}, nil }); err == nil {
		t.Error("without a type: want an error")
	}
}

// TestStreamedLists: the store is in step when the bookmark at the end of the initial events has come, not when the watch is
// open.
func TestStreamedLists(t *testing.T) {
	t.Parallel()
	w := watch.NewFakeWithOptions(watch.FakeOptions{ChannelSize: 10})
	set := NewSet(&rest.Config{})
	r, err := set.For(nodes(t), func(*rest.Config) (Options, error) {
		return Options{Type: &corev1.Node{}, ListerWatcher: &cache.ListWatch{
			ListWithContextFunc: func(context.Context, metav1.ListOptions) (runtime.Object, error) {
				return nil, errors.New("lists are streamed here")
			},
			WatchFuncWithContext: func(context.Context, metav1.ListOptions) (watch.Interface, error) { return w, nil },
		}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { set.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	w.Add(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "a", ResourceVersion: "1"}})
	if err := InStep(t.Context(), r); err == nil {
		t.Error("in step before all of it has come")
	}
	w.Action(watch.Bookmark, &corev1.Node{ObjectMeta: metav1.ObjectMeta{ResourceVersion: "2", Annotations: map[string]string{metav1.InitialEventsAnnotationKey: "true"}}})
	condition.Eventually(t.Context(), t, 20*time.Second, "the reflector to be in step", condition.Holds(func() bool { return InStep(t.Context(), r) == nil }))
	if !r.has("a") {
		t.Errorf("it has %v", r.indexer.ListKeys())
	}
}
