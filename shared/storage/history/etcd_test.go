package history_test

import (
	"context"
	"testing"
	"time"

	"k8s.io/apiserver/pkg/storage"
	"k8s.io/apiserver/pkg/storage/cacher"
	"k8s.io/apiserver/pkg/storage/etcd3"
	"k8s.io/apiserver/pkg/storage/etcd3/testserver"
	"k8s.io/apiserver/pkg/storage/value/encrypt/identity"
	"k8s.io/utils/clock"

	"example.com/annex/shared/storage/history"
	"example.com/annex/shared/storage/storagetest"
)

// etcd makes systems of two of upstream's stores on an etcd in this process.
type etcd struct{}

func (etcd) name() string { return "etcd" }

func (etcd) open(t *testing.T, cached bool) history.System {
	t.Helper()
	server := testserver.NewTestConfig(t)
	server.WatchProgressNotifyInterval = 100 * time.Millisecond
	client := testserver.RunEtcd(t, server)
	versioner := storage.APIObjectVersioner{}
	compactor := etcd3.NewCompactor(client.Client, 0, clock.RealClock{}, nil)
	t.Cleanup(compactor.Stop)
	compact := func(ctx context.Context, revision int64) error {
		// The first attempt may only learn what the last compaction was.
		current, _, _, err := etcd3.Compact(ctx, client.Client, 0, revision)
		if err != nil {
			_, _, _, err = etcd3.Compact(ctx, client.Client, current, revision)
		}
		return err
	}
	json, _ := storagetest.NewCodecs()
	system := history.System{Cached: cached}
	for range 2 {
		store, err := etcd3.New(client, compactor, json, storagetest.NewPod, storagetest.NewPodList, "/registry", storagetest.ResourcePrefix,
			storagetest.Resource, identity.NewEncryptCheckTransformer(), etcd3.NewDefaultLeaseManagerConfig(), etcd3.NewDefaultDecoder(json, versioner), versioner)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(store.Close)
		bare := history.NewReplica(store, compact)
		system.Witnesses = append(system.Witnesses, bare)
		if !cached {
			system.Replicas = append(system.Replicas, bare)
			continue
		}
		cache, err := cacher.NewCacherFromConfig(storagetest.NewCacheConfig(store, json))
		if err != nil {
			t.Fatal(err)
		}
		delegator := cacher.NewCacheDelegator(cache, store)
		t.Cleanup(func() {
			delegator.Stop()
			cache.Stop()
		})
		if err := cache.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		system.Replicas = append(system.Replicas, history.NewReplica(delegator, compact))
	}
	return system
}
