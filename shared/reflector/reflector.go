package reflector

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
)

// Grace is how long a reader waits for a reflector that has fallen out of step: longer than a server is away that restarts, or
// a watch that has reached its timeout; and short enough for a person who waits for the answer.
const Grace = 2 * time.Second

// backoff is between attempts to read again, at most 1.5 s: less than Grace, so that readers don't notice a server that was
// restarted. client-go's own goes up to a minute, and starts small again only after two good minutes.
var backoff = wait.Backoff{Duration: 100 * time.Millisecond, Factor: 2, Jitter: 0.5, Steps: 10, Cap: time.Second}

// Options say what a Reflector reflects.
type Options struct {
	// Type is an empty object of the Go type that ListerWatcher returns. Required.
	Type runtime.Object
	// ListerWatcher reads the resource, in all namespaces: see ListWatch. Required.
	ListerWatcher cache.ListerWatcher
	// Indexers are by what Indexer finds objects, besides their namespace. Optional.
	Indexers cache.Indexers
}

// Reflector has all objects of a resource, as long as it is in step.
type Reflector struct {
	resource schema.GroupResource
	indexer  cache.Indexer
	source   cache.ListerWatcherWithContext
	run      func(context.Context)

	mu sync.Mutex
	// inStep is closed while the store is in step, and another while it is not.
	inStep chan struct{}
	// since is when it fell out of step, and cause why it still is; nil before there was an answer.
	since time.Time
	cause error
	// asOf is when, while it is out of step, the store was last known to have everything.
	asOf time.Time
	// watching is true while a watch is open.
	watching bool
}

// newReflector makes a reflector; its time without an answer begins now.
func newReflector(resource schema.GroupResource, o Options) (*Reflector, error) {
	if o.Type == nil || o.ListerWatcher == nil {
		return nil, fmt.Errorf("reflector of %s: Type and ListerWatcher must be set", resource)
	}
	indexers := cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc}
	for name, index := range o.Indexers {
		indexers[name] = index
	}
	r := &Reflector{
		resource: resource,
		indexer:  cache.NewIndexer(cache.MetaNamespaceKeyFunc, indexers),
		source:   cache.ToListerWatcherWithContext(o.ListerWatcher),
		inStep:   make(chan struct{}),
		since:    time.Now(),
	}
	metric.WithLabelValues(resource.String()).Set(0)
	r.run = cache.NewReflectorWithOptions(cache.ToListWatcherWithWatchListSemantics(&cache.ListWatch{
		ListWithContextFunc:  r.list,
		WatchFuncWithContext: r.watch,
	}, o.ListerWatcher), o.Type, store{r.indexer, r}, cache.ReflectorOptions{
		Name:    resource.String(),
		Backoff: &backoff,
	}).RunWithContext
	return r, nil
}

// Indexer is the store. Nothing read from it may be changed. Read it, or a generated lister on it, after InStep.
func (r *Reflector) Indexer() cache.Indexer { return r.indexer }

// InStep is nil when all reflectors are in step: at once, or within Grace since they fell out of it. Otherwise it is an
// apierrors.ServiceUnavailable with the resources that can't be read. It has no Retry-After, on which client-go would ask ten
// times before it told anybody.
func InStep(ctx context.Context, reflectors ...*Reflector) error {
	var errs []error
	for _, r := range reflectors {
		errs = append(errs, r.await(ctx))
	}
	if err := errors.Join(errs...); err != nil {
		return apierrors.NewServiceUnavailable(err.Error())
	}
	return nil
}

// InStepNow says whether the reflector is in step, without a wait: for those who can ask the other server themselves.
func (r *Reflector) InStepNow() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-r.inStep:
		return true
	default:
		return false
	}
}

func (r *Reflector) await(ctx context.Context) error {
	r.mu.Lock()
	inStep, since := r.inStep, r.since
	r.mu.Unlock()
	select {
	case <-inStep:
		return nil
	default:
	}
	ctx, cancel := context.WithDeadline(ctx, since.Add(Grace))
	defer cancel()
	select {
	case <-inStep:
		return nil
	case <-ctx.Done():
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	reason := "no answer yet"
	if r.cause != nil {
		reason = r.cause.Error()
	}
	return fmt.Errorf("%s can't be read for %s: %s", r.resource, time.Since(since).Round(100*time.Millisecond), reason)
}

// list is for servers that can't stream lists.
func (r *Reflector) list(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
	list, err := r.source.ListWithContext(ctx, options)
	r.failed(err)
	return list, err
}

func (r *Reflector) watch(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
	streamsAll := options.SendInitialEvents != nil && *options.SendInitialEvents
	if !streamsAll && !r.mayResume() {
		return nil, errGap // Without asking: the answer would not be used.
	}
	w, err := r.source.WatchWithContext(ctx, options)
	r.failed(err)
	if err != nil {
		return nil, err
	}
	// The gap ends when the watch is open, which may have taken long.
	if !streamsAll && !r.mayResume() {
		w.Stop()
		return nil, errGap
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.watching = true
	if !streamsAll {
		r.setInStep()
	}
	return &stoppedOnce{Interface: w, stopped: sync.OnceFunc(r.broken)}, nil
}

// errGap has client-go read everything anew. What has happened in a long gap would come bit by bit, and readers could not tell when
// all of it is there.
var errGap = apierrors.NewResourceExpired("the watch was broken for long: everything is read anew")

// mayResume says whether a watch may go on from what the store has: after a list, or a short gap.
func (r *Reflector) mayResume() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return time.Since(r.asOf) < Grace
}

func (r *Reflector) failed(err error) {
	if err == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cause = err
}

// setInStep needs the lock.
func (r *Reflector) setInStep() {
	r.cause = nil
	metric.WithLabelValues(r.resource.String()).Set(1)
	select {
	case <-r.inStep:
	default:
		close(r.inStep)
	}
}

// broken is called when a watch has ended.
func (r *Reflector) broken() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.watching = false
	metric.WithLabelValues(r.resource.String()).Set(0)
	select {
	case <-r.inStep:
		now := time.Now()
		r.inStep, r.since, r.asOf, r.cause = make(chan struct{}), now, now, errors.New("the watch has ended")
	default:
	}
}

// filled is called when the store has been filled anew.
func (r *Reflector) filled() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asOf = time.Now()
	if r.watching {
		r.setInStep() // All of it was streamed by the watch that goes on.
	}
}

// store tells its reflector when it is filled anew.
type store struct {
	cache.Indexer
	reflector *Reflector
}

func (s store) Replace(objects []any, resourceVersion string) error {
	if err := s.Indexer.Replace(objects, resourceVersion); err != nil {
		return err
	}
	s.reflector.filled()
	return nil
}

// stoppedOnce is a watch that tells when it is stopped. client-go's reflector stops every watch, those that ended by themselves,
// too (k8s.io/client-go/tools/cache/reflector.go, handleAnyWatch).
type stoppedOnce struct {
	watch.Interface
	stopped func()
}

func (w *stoppedOnce) Stop() {
	w.Interface.Stop()
	w.stopped()
}
