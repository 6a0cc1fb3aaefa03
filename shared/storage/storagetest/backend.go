package storagetest

import (
	"context"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/apis/example"
	"k8s.io/apiserver/pkg/storage"
	storagetesting "k8s.io/apiserver/pkg/storage/testing"
	"k8s.io/apiserver/pkg/storage/value"
)

// Backend makes stores of one kind.
type Backend interface {
	// Name is what the tests of this backend are called.
	Name() string
	// Bookmarks says that the bare store sends bookmarks to those who allow them: upstream's tests of that are optional.
	Bookmarks() bool
	// New makes a store of the resource in config, in an empty database, which is gone when t is over. The first write
	// gets revision 2, as in etcd.
	New(t testing.TB, config Config) *Instance
}

// Config is what a test wants of a store. The resource is upstream's example: see [Resource], [NewPod] and [NewPodList].
type Config struct {
	Codec       runtime.Codec
	Transformer value.Transformer
	// Prefix is what all keys begin with; empty is none.
	Prefix string
	// ProgressInterval is how often watches are told how far they are.
	ProgressInterval time.Duration
	// Large asks for room for benchmarks.
	Large bool
}

// Instance is a store, and ways around it.
type Instance struct {
	storage.Interface
	// Restarted makes another store on the same data, as a server does that is started again.
	Restarted func() storage.Interface
	// Compact forgets the past up to a revision, and writes something of its own, as etcd3's compactor does.
	Compact func(ctx context.Context, revision int64) error
	// Increase writes something that is not of the resource, and returns its revision.
	Increase func(ctx context.Context) (int64, error)
	// Stored is what is stored under a key that begins with the store's prefix.
	Stored func(ctx context.Context, key string) ([]byte, error)
	// Keys lists the keys that are stored of the resource.
	Keys storage.KeysFunc
	// Lists records the requests of lists to the database that come with a key of the recorder in their context.
	Lists *storagetesting.KubernetesRecorder
	// Reads is how many requests were made to read since it was called last.
	Reads func() uint64
	// Corrupt is what the backend makes of an error of a transformer that says an object is corrupt.
	Corrupt error
	// WithCorruptObjects is the store with corrupt objects reported as such.
	WithCorruptObjects storage.Interface
	// Memory is how many bytes the processes of the database have in memory; nil if they are this one.
	Memory func() (int64, error)
}

// Resource is what is stored.
var Resource = schema.GroupResource{Resource: "pods"}

// ResourcePrefix is what the keys of requests begin with.
const ResourcePrefix = "/pods/"

// NewPod makes an object of the resource.
func NewPod() runtime.Object { return &example.Pod{} }

// NewPodList makes a list of the resource.
func NewPodList() runtime.Object { return &example.PodList{} }
