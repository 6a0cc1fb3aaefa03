package storage

import (
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/features"
	"k8s.io/apiserver/pkg/registry/generic"
	"k8s.io/apiserver/pkg/storage"
	"k8s.io/apiserver/pkg/storage/cacher"
	"k8s.io/apiserver/pkg/storage/storagebackend"
	"k8s.io/apiserver/pkg/storage/storagebackend/factory"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/client-go/tools/cache"

	"example.com/annex/shared/storage/sql"
)

// Decorator makes the storage of a resource in a database, as genericregistry.StorageWithCacher does in etcd; without the
// watch cache if uncached.
func Decorator(database *sql.Database, uncached bool) generic.StorageDecorator {
	return decorator(uncached, func(config *storagebackend.ConfigForResource, resourcePrefix string, newFunc func() runtime.Object) (storage.Interface, runtime.Codec, factory.DestroyFunc, error) {
		store, err := newStore(database, config, resourcePrefix, newFunc)
		// The database is closed by whoever has opened it.
		return store, config.Codec, func() {}, err
	})
}

// decorator puts the watch cache before what a function makes, unless uncached.
func decorator(
	uncached bool,
	newStore func(config *storagebackend.ConfigForResource, resourcePrefix string, newFunc func() runtime.Object) (storage.Interface, runtime.Codec, factory.DestroyFunc, error),
) generic.StorageDecorator {
	return func(
		config *storagebackend.ConfigForResource, resourcePrefix string, keyFunc func(runtime.Object) (string, error),
		newFunc, newListFunc func() runtime.Object, getAttrs storage.AttrFunc, triggers storage.IndexerFuncs, indexers *cache.Indexers,
	) (storage.Interface, factory.DestroyFunc, error) {
		store, codec, destroy, err := newStore(config, resourcePrefix, newFunc)
		if err != nil {
			return nil, nil, err
		}
		if uncached {
			return store, destroy, nil
		}
		running, err := cacher.NewCacherFromConfig(cacher.Config{
			Storage:       store,
			Versioner:     storage.APIObjectVersioner{},
			GroupResource: config.GroupResource,
			// Less would have clients list again that lost their connection for a moment.
			EventsHistoryWindow: max(config.EventsHistoryWindow, cacher.DefaultEventFreshDuration),
			ResourcePrefix:      resourcePrefix,
			KeyFunc:             keyFunc,
			NewFunc:             newFunc,
			NewListFunc:         newListFunc,
			GetAttrsFunc:        getAttrs,
			IndexerFuncs:        triggers,
			Indexers:            indexers,
			Codec:               codec,
		})
		if err != nil {
			destroy()
			return nil, nil, fmt.Errorf("starting the watch cache of %s: %w", config.GroupResource, err)
		}
		delegator := cacher.NewCacheDelegator(running, store)
		return delegator, sync.OnceFunc(func() {
			delegator.Stop()
			running.Stop()
			destroy()
		}), nil
	}
}

func newStore(database *sql.Database, config *storagebackend.ConfigForResource, resourcePrefix string, newFunc func() runtime.Object) (storage.Interface, error) {
	transformer := config.Transformer
	corruptObjects := utilfeature.DefaultFeatureGate.Enabled(features.AllowUnsafeMalformedObjectDeletion)
	if corruptObjects && transformer != nil {
		transformer = sql.NewCorruptObjectTransformer(transformer)
	}
	store, err := sql.New(database, sql.Config{
		Codec:          config.Codec,
		New:            newFunc,
		Prefix:         config.Prefix,
		ResourcePrefix: resourcePrefix,
		Resource:       config.GroupResource,
		Transformer:    transformer,
	})
	if err != nil || !corruptObjects {
		return store, err
	}
	return sql.NewCorruptObjectStore(store, config.GroupResource), nil
}
