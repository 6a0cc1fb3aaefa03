package registrytest

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apiserver/pkg/registry/generic"
	genericoptions "k8s.io/apiserver/pkg/server/options"
	serverstorage "k8s.io/apiserver/pkg/server/storage"
	"k8s.io/apiserver/pkg/storage/etcd3/testserver"
	"k8s.io/apiserver/pkg/storage/storagebackend"

	"example.com/annex/shared/apiserver"
)

// Backend is a place where objects can be kept. Each call makes a part of it of the caller's own, which is empty, for the
// resources of the Definition; the scheme is the Definition's.
type Backend func(definition apiserver.Definition, scheme *runtime.Scheme) generic.RESTOptionsGetter

// Etcd is an etcd in the test's own process, which ends with the test. There is no watch cache before it, so that what is
// tested is the storage.
func Etcd(t testing.TB) Backend {
	t.Helper()
	servers := testserver.RunEtcd(t, nil).Endpoints()
	var parts atomic.Int64
	return func(definition apiserver.Definition, scheme *runtime.Scheme) generic.RESTOptionsGetter {
		codecs := serializer.NewCodecFactory(scheme)
		config := storagebackend.NewDefaultConfig(fmt.Sprintf("/%s/%d", definition.Name, parts.Add(1)), nil)
		config.Transport.ServerList = servers
		// Nobody reads the metric, and what polls it would outlive the test.
		config.CountMetricPollPeriod = 0
		config.DBMetricPollInterval = time.Hour
		options := genericoptions.NewEtcdOptions(config)
		options.EnableWatchCache = false
		enabled := serverstorage.NewResourceConfig()
		enabled.EnableVersions(definition.GroupVersions()...)
		return &genericoptions.StorageFactoryRestOptionsFactory{
			Options: *options,
			StorageFactory: serverstorage.NewDefaultStorageFactory(*config, options.DefaultStorageMediaType, codecs,
				serverstorage.NewDefaultResourceEncodingConfig(scheme), enabled, nil),
		}
	}
}
