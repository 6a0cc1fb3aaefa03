package backends

import (
	"context"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/kubernetes"
	"k8s.io/apiserver/pkg/storage"
	"k8s.io/apiserver/pkg/storage/etcd3"
	"k8s.io/apiserver/pkg/storage/etcd3/testserver"
	storagetesting "k8s.io/apiserver/pkg/storage/testing"
	"k8s.io/utils/clock"

	"example.com/annex/shared/storage/storagetest"
)

// etcd is upstream's store, on a server that speaks etcd's protocol.
type etcd struct {
	name string
	// serve starts one, which is gone when t is over, and connects to it.
	serve func(t testing.TB, config storagetest.Config) *kubernetes.Client
}

// Etcd is upstream's store on an etcd in the test's process: what the others are compared with.
func Etcd() storagetest.Backend {
	return OnEtcd("etcd", func(t testing.TB, config storagetest.Config) *kubernetes.Client {
		t.Helper()
		server := testserver.NewTestConfig(t)
		server.WatchProgressNotifyInterval = config.ProgressInterval
		if config.Large {
			server.QuotaBackendBytes = 8 << 30
			server.UnsafeNoFsync = false // As a real one.
		}
		return testserver.RunEtcd(t, server)
	})
}

// OnEtcd is upstream's store on something else that speaks etcd's protocol. serve starts a new, empty one, which is gone when
// t is over, and connects to it.
func OnEtcd(name string, serve func(t testing.TB, config storagetest.Config) *kubernetes.Client) storagetest.Backend {
	return etcd{name: name, serve: serve}
}

func (e etcd) Name() string { return e.name }

func (etcd) Bookmarks() bool { return false }

func (e etcd) New(t testing.TB, config storagetest.Config) *storagetest.Instance {
	t.Helper()
	client := e.serve(t, config)
	lists, ok := client.Kubernetes.(*storagetesting.KubernetesRecorder)
	if !ok {
		lists = storagetesting.NewKubernetesRecorder(client.Kubernetes)
		client.Kubernetes = lists
	}
	reads, ok := client.KV.(*storagetesting.KVRecorder)
	if !ok {
		reads = storagetesting.NewKVRecorder(client.KV, lists)
		client.KV = reads
	}
	versioner := storage.APIObjectVersioner{}
	compactor := etcd3.NewCompactor(client.Client, 0, clock.RealClock{}, nil)
	t.Cleanup(compactor.Stop)
	leases := etcd3.NewDefaultLeaseManagerConfig()
	leases.ReuseDurationSeconds = 1 // As in upstream's tests, which wait for it.
	open := func() storage.Interface {
		store, err := etcd3.New(client, compactor, config.Codec, storagetest.NewPod, storagetest.NewPodList, config.Prefix,
			storagetest.ResourcePrefix, storagetest.Resource, config.Transformer, leases, etcd3.NewDefaultDecoder(config.Codec, versioner), versioner)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(store.Close)
		return store
	}
	store := open()
	_, _, corrupt := etcd3.WithCorruptObjErrorHandlingTransformer(brokenTransformer{}).TransformFromStorage(t.Context(), nil, nil)
	return &storagetest.Instance{
		Interface: store,
		Restarted: open,
		Compact: func(ctx context.Context, revision int64) error {
			// The first attempt may only learn what the last compaction was.
			current, _, _, err := etcd3.Compact(ctx, client.Client, 0, revision)
			if err != nil {
				_, _, _, err = etcd3.Compact(ctx, client.Client, current, revision)
			}
			return err
		},
		Increase: func(ctx context.Context) (int64, error) {
			response, err := client.KV.Put(ctx, "counter", "ok")
			if err != nil {
				return 0, err
			}
			return response.Header.Revision, nil
		},
		Stored: func(ctx context.Context, key string) ([]byte, error) {
			response, err := client.KV.Get(ctx, key)
			if err != nil || len(response.Kvs) == 0 {
				return nil, err
			}
			return response.Kvs[0].Value, nil
		},
		Keys: func(ctx context.Context) (keys []string, err error) {
			response, err := client.KV.Get(ctx, config.Prefix+storagetest.ResourcePrefix, clientv3.WithPrefix(), clientv3.WithKeysOnly())
			if err != nil {
				return nil, err
			}
			for _, kv := range response.Kvs {
				keys = append(keys, string(kv.Key))
			}
			return keys, nil
		},
		Lists:              lists,
		Reads:              func() uint64 { return reads.GetReadsAndReset() + reads.GetStreamReadsAndReset() },
		Corrupt:            corrupt,
		WithCorruptObjects: etcd3.NewStoreWithUnsafeCorruptObjectDeletion(store, storagetest.Resource),
	}
}
