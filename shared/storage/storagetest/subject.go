package storagetest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/apis/example"
	"k8s.io/apiserver/pkg/features"
	"k8s.io/apiserver/pkg/storage"
	storagetesting "k8s.io/apiserver/pkg/storage/testing"
	"k8s.io/apiserver/pkg/storage/value"
	utilfeature "k8s.io/apiserver/pkg/util/feature"

	"example.com/annex/shared/condition"
)

// bytePrefix is what the tests' transformer puts before the bytes of an object.
const bytePrefix = "test!"

// setup is what a test wants of its subject; the zero value is what most of them want.
type setup struct {
	// codec and transformer take the place of the usual ones.
	codec       func(runtime.Codec) runtime.Codec
	transformer func(value.Transformer) value.Transformer
	// json asks for the bare store's codec under the watch cache, too.
	json bool
	// corruptObjects asks for the store that reports corrupt objects as such.
	corruptObjects bool
	// progressInterval is how often watches are told how far they are; zero is upstream's ten minutes.
	progressInterval time.Duration
	// large asks for room for benchmarks.
	large bool

	// The following matter under the watch cache only.

	// clusterScoped has keys without namespace, indexed has indexes of the node and the namespace.
	clusterScoped, indexed bool
	// settled has Create return only when the cache has the object.
	settled bool
}

// subject is a store that is tested: bare, or under the watch cache.
type subject struct {
	storage.Interface
	instance    *Instance
	cache       *cache
	codec       runtime.Codec
	prefix      string
	transformer *switchedTransformer
	usual       value.Transformer
}

// layer says where in the apiserver the subject is.
type layer string

const (
	bare   layer = "store"
	cached layer = "watch cache"
)

func newSubject(t testing.TB, b Backend, l layer, s setup) *subject {
	t.Helper()
	json, proto := NewCodecs()
	config := Config{Codec: json, ProgressInterval: s.progressInterval, Large: s.large}
	if config.ProgressInterval == 0 {
		config.ProgressInterval = 10 * time.Minute
	}
	if l == cached {
		// Upstream's tests know this prefix (cacher_test.go).
		config.Prefix = "/registry"
		if !s.json {
			config.Codec = proto
		}
	}
	if s.codec != nil {
		config.Codec = s.codec(config.Codec)
	}
	var usual value.Transformer = storagetesting.NewPrefixTransformer([]byte(bytePrefix), false)
	if s.transformer != nil {
		usual = s.transformer(usual)
	}
	switched := newSwitchedTransformer(usual)
	config.Transformer = switched
	instance := b.New(t, config)
	result := &subject{Interface: instance.Interface, instance: instance, codec: config.Codec, prefix: config.Prefix, transformer: switched, usual: usual}
	if s.corruptObjects {
		result.Interface = instance.WithCorruptObjects
	}
	if l == cached {
		result.cache = newCache(t, result.Interface, config.Codec, s)
		result.Interface = result.cache
		if s.settled {
			result.Interface = settledCreate{result.cache}
		}
	}
	return result
}

// UpdatePrefixTransformer is storagetesting.InterfaceWithPrefixTransformer.
func (s *subject) UpdatePrefixTransformer(modify storagetesting.PrefixTransformerModifier) func() {
	changed := *s.usual.(*storagetesting.PrefixTransformer)
	return s.transformer.change(modify(&changed))
}

// UpdateTransformer is storagetesting.InterfaceWithTransformerOverride.
func (s *subject) UpdateTransformer(modify storagetesting.TransformerModifier) func() {
	return s.transformer.change(modify(s.usual))
}

// compact is storagetesting.Compaction. Under the watch cache, it waits until that knows, as well.
func (s *subject) compact(ctx context.Context, t *testing.T, resourceVersion string) {
	t.Helper()
	revision, err := storage.APIObjectVersioner{}.ParseResourceVersion(resourceVersion)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.instance.Compact(ctx, int64(revision)); err != nil {
		t.Fatal(err)
	}
	if !utilfeature.DefaultFeatureGate.Enabled(features.ListFromCacheSnapshot) {
		return // Without it, etcd3's store does not look for compactions by others.
	}
	condition.Eventually(t.Context(), t, 30*time.Second, fmt.Sprintf("the storage to know that it was compacted up to %d", revision), condition.Holds(func() bool {
		return s.CompactRevision() == int64(revision)
	}))
}

// compactAndRestart compacts, and then puts a new watch cache in the place of the one there is, as a restart of the
// server does: until then a cache answers from the past that it has itself.
func (s *subject) compactAndRestart(ctx context.Context, t *testing.T, resourceVersion string) {
	t.Helper()
	s.compact(ctx, t, resourceVersion)
	if s.cache != nil {
		s.cache.restart(t, s.instance.Restarted())
	}
}

// increase is storagetesting.IncreaseRVFunc.
func (s *subject) increase(ctx context.Context, t *testing.T) int64 {
	t.Helper()
	revision, err := s.instance.Increase(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return revision
}

// checkStored is storagetesting.KeyValidation: what the storage sets is not stored.
func (s *subject) checkStored(ctx context.Context, t *testing.T, key string) {
	t.Helper()
	stored, err := s.instance.Stored(ctx, s.prefix+key)
	if err != nil {
		t.Fatal(err)
	}
	data, found := strings.CutPrefix(string(stored), bytePrefix)
	if !found {
		t.Fatalf("what is stored under %s was not transformed: %q", key, stored)
	}
	obj, err := runtime.Decode(s.codec, []byte(data))
	if err != nil {
		t.Fatalf("decoding what is stored under %s: %v", key, err)
	}
	if pod := obj.(*example.Pod); pod.ResourceVersion != "" || pod.SelfLink != "" {
		t.Errorf("what is stored under %s has resourceVersion %q and selfLink %q", key, pod.ResourceVersion, pod.SelfLink)
	}
}

// maxPage is up to what upstream doubles the size of a page (etcd3/store.go).
const maxPage = 10000

// checkCalls is storagetesting.CallsValidation: a list reads no more than it has to, in pages that double.
func (s *subject) checkCalls(t *testing.T, pageSize, processed uint64) {
	t.Helper()
	if s.cache != nil {
		return // It reads for itself as well.
	}
	if reads := s.usual.(*storagetesting.PrefixTransformer).GetReadsAndReset(); reads != processed {
		t.Errorf("%d objects were read, not %d", reads, processed)
	}
	calls := uint64(1)
	if pageSize != 0 {
		for read, page := uint64(1), pageSize; read < processed; calls++ {
			page = min(2*page, maxPage)
			read += page
		}
	}
	if got := s.instance.Reads(); got != calls {
		t.Errorf("there were %d requests to read, not %d", got, calls)
	}
}
