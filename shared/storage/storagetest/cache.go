package storagetest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/apiserver/pkg/apis/example"
	"k8s.io/apiserver/pkg/storage"
	"k8s.io/apiserver/pkg/storage/cacher"
	storagetesting "k8s.io/apiserver/pkg/storage/testing"
	clientfeatures "k8s.io/client-go/features"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/utils/clock"

	"example.com/annex/shared/condition"
)

// cache is a store under the watch cache.
type cache struct {
	store  storage.Interface
	config cacher.Config

	current atomic.Pointer[runningCache]
}

// runningCache is a watch cache, until the server is restarted.
type runningCache struct {
	*cacher.CacheDelegator
	stop func()
}

// NewCacheConfig is a watch cache of the resource, over a store.
func NewCacheConfig(store storage.Interface, codec runtime.Codec) cacher.Config {
	return cacher.Config{
		Storage:             store,
		Versioner:           storage.APIObjectVersioner{},
		GroupResource:       Resource,
		EventsHistoryWindow: cacher.DefaultEventFreshDuration,
		ResourcePrefix:      ResourcePrefix,
		KeyFunc:             func(obj runtime.Object) (string, error) { return storage.NamespaceKeyFunc(ResourcePrefix, obj) },
		GetAttrsFunc:        podAttributes,
		NewFunc:             NewPod,
		NewListFunc:         NewPodList,
		Indexers:            &toolscache.Indexers{},
		Codec:               codec,
		Clock:               clock.RealClock{},
	}
}

func newCache(t testing.TB, store storage.Interface, codec runtime.Codec, s setup) *cache {
	t.Helper()
	c := &cache{store: store, config: NewCacheConfig(store, codec)}
	c.config.Clock = impatientClock{}
	if s.clusterScoped {
		c.config.KeyFunc = func(obj runtime.Object) (string, error) { return storage.NoNamespaceKeyFunc(ResourcePrefix, obj) }
	}
	if s.indexed {
		c.config.IndexerFuncs = storage.IndexerFuncs{"spec.nodeName": func(obj runtime.Object) string { return obj.(*example.Pod).Spec.NodeName }}
		c.config.Indexers = &toolscache.Indexers{
			"f:spec.nodeName":      func(obj any) ([]string, error) { return []string{obj.(*example.Pod).Spec.NodeName}, nil },
			"f:metadata.namespace": func(obj any) ([]string, error) { return []string{obj.(*example.Pod).Namespace}, nil },
		}
	}
	c.start(t)
	t.Cleanup(func() { c.current.Load().stop() })
	return c
}

// start starts a watch cache, and waits until it is filled: in spite of a list that fails first, as upstream's tests do.
func (c *cache) start(t testing.TB) {
	t.Helper()
	failing := &storagetesting.StorageInjectingListErrors{Interface: c.store, Errors: 1}
	if clientfeatures.FeatureGates().Enabled(clientfeatures.WatchListClient) {
		failing.Errors = 0 // The cache does not list.
	}
	config := c.config
	config.Storage = failing
	running, err := cacher.NewCacherFromConfig(config)
	if err != nil {
		t.Fatalf("starting the watch cache: %v", err)
	}
	delegator := cacher.NewCacheDelegator(running, failing)
	stop := sync.OnceFunc(func() {
		delegator.Stop()
		running.Stop()
	})
	c.current.Store(&runningCache{CacheDelegator: delegator, stop: stop})
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	condition.Eventually(t.Context(), t, 30*time.Second, "the failure of the first list to be used up", condition.Holds(func() bool { used, _ := failing.ErrorsConsumed(); return used }))
	if err := running.Wait(ctx); err != nil {
		t.Fatalf("waiting for the watch cache: %v", err)
	}
}

// restart puts a new watch cache in the place of the present one.
func (c *cache) restart(t testing.TB, store storage.Interface) {
	t.Helper()
	c.current.Load().stop()
	c.store = store
	c.start(t)
}

func podAttributes(obj runtime.Object) (labels.Set, fields.Set, error) {
	pod, ok := obj.(*example.Pod)
	if !ok {
		return nil, nil, fmt.Errorf("%T is no pod", obj)
	}
	return pod.Labels, fields.Set{
		"metadata.name":      pod.Name,
		"metadata.namespace": pod.Namespace,
		"spec.nodeName":      pod.Spec.NodeName,
		"spec.restartPolicy": string(pod.Spec.RestartPolicy),
		"status.phase":       string(pod.Status.Phase),
	}, nil
}

// settledCreate is a cache whose Create waits until the cache has the object. Upstream's tests of the semantics of watches
// want it so.
type settledCreate struct {
	*cache
}

func (s settledCreate) Create(ctx context.Context, key string, obj, out runtime.Object, ttl uint64) error {
	if err := s.cache.Create(ctx, key, obj, out, ttl); err != nil {
		return err
	}
	for {
		has := NewPod()
		err := s.Get(ctx, key, storage.GetOptions{ResourceVersion: "0"}, has)
		if err != nil && !storage.IsNotFound(err) {
			return err
		}
		if err == nil && apiequality.Semantic.DeepEqual(has, out) {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// compactionPoll is how often the watch cache looks what is compacted (cacher/compactor.go).
const compactionPoll = 15 * time.Second

// impatientClock is the real one, but has the watch cache look for compactions as good as at once.
type impatientClock struct {
	clock.RealClock
}

func (c impatientClock) NewTimer(d time.Duration) clock.Timer {
	return impatientTimer{c.RealClock.NewTimer(hurry(d))}
}

type impatientTimer struct {
	clock.Timer
}

func (t impatientTimer) Reset(d time.Duration) bool { return t.Timer.Reset(hurry(d)) }

func hurry(d time.Duration) time.Duration {
	if d == compactionPoll {
		return 20 * time.Millisecond
	}
	return d
}

// The rest hands over to the cache that is running.

func (c *cache) Versioner() storage.Versioner { return c.current.Load().Versioner() }

func (c *cache) Create(ctx context.Context, key string, obj, out runtime.Object, ttl uint64) error {
	return c.current.Load().Create(ctx, key, obj, out, ttl)
}

func (c *cache) Delete(ctx context.Context, key string, out runtime.Object, preconditions *storage.Preconditions, validate storage.ValidateObjectFunc, cached runtime.Object, opts storage.DeleteOptions) error {
	return c.current.Load().Delete(ctx, key, out, preconditions, validate, cached, opts)
}

func (c *cache) Watch(ctx context.Context, key string, opts storage.ListOptions) (watch.Interface, error) {
	return c.current.Load().Watch(ctx, key, opts)
}

func (c *cache) Get(ctx context.Context, key string, opts storage.GetOptions, obj runtime.Object) error {
	return c.current.Load().Get(ctx, key, opts, obj)
}

func (c *cache) GetList(ctx context.Context, key string, opts storage.ListOptions, list runtime.Object) error {
	return c.current.Load().GetList(ctx, key, opts, list)
}

func (c *cache) GuaranteedUpdate(ctx context.Context, key string, out runtime.Object, ignoreNotFound bool, preconditions *storage.Preconditions, update storage.UpdateFunc, cached runtime.Object) error {
	return c.current.Load().GuaranteedUpdate(ctx, key, out, ignoreNotFound, preconditions, update, cached)
}

func (c *cache) Stats(ctx context.Context) (storage.Stats, error) { return c.current.Load().Stats(ctx) }

func (c *cache) ReadinessCheck() error { return c.current.Load().ReadinessCheck() }

func (c *cache) RequestWatchProgress(ctx context.Context) error {
	return c.current.Load().RequestWatchProgress(ctx)
}

func (c *cache) GetCurrentResourceVersion(ctx context.Context) (uint64, error) {
	return c.current.Load().GetCurrentResourceVersion(ctx)
}

func (c *cache) EnableResourceSizeEstimation(keys storage.KeysFunc) error {
	return c.current.Load().EnableResourceSizeEstimation(keys)
}

func (c *cache) CompactRevision() int64 { return c.current.Load().CompactRevision() }
