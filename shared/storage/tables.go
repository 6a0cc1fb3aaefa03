package storage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apiserver/pkg/registry/generic"
	"k8s.io/apiserver/pkg/server/healthz"
	"k8s.io/apiserver/pkg/storage"
	"k8s.io/apiserver/pkg/storage/storagebackend"
	"k8s.io/apiserver/pkg/storage/storagebackend/factory"
	"k8s.io/apiserver/pkg/storage/value"
	"k8s.io/klog/v2"

	"example.com/annex/shared/storage/external"
	"example.com/annex/shared/storage/sql"
)

// probeTimeout limits how long it is tried whether a resource is encrypted.
const probeTimeout = 10 * time.Second

// Table is a resource whose objects are rows of a table that another program owns.
type Table struct {
	Mapping external.Mapping
	// Versions are all that the resource has. FieldPath says where one has the field that the Mapping has at a path.
	Versions  []string
	FieldPath func(version, path string) string
}

// Tables are the resources of a server whose objects are rows of tables that other programs own.
type Tables struct {
	// Resources are all of them. Required.
	Resources map[schema.GroupResource]Table
	// Scheme has their types. Required.
	Scheme *runtime.Scheme

	lock    sync.Mutex
	running map[schema.GroupResource]*external.Table
}

func (t *Tables) of(resource schema.GroupResource) (Table, bool) {
	if t == nil {
		return Table{}, false
	}
	table, ok := t.Resources[resource]
	return table, ok
}

// TableCheck is the name of the resource's health check.
func TableCheck(resource schema.GroupResource) string { return "table-" + resource.Resource }

// HealthChecks fail while a table can't be served, and say why. They are called as TableCheck says.
func (t *Tables) HealthChecks() []healthz.HealthChecker {
	var checks []healthz.HealthChecker
	for resource := range t.Resources {
		checks = append(checks, healthz.NamedCheck(TableCheck(resource), func(*http.Request) error {
			t.lock.Lock()
			defer t.lock.Unlock()
			table, ok := t.running[resource]
			if !ok {
				return fmt.Errorf("the table of %s has not been opened yet", resource)
			}
			return table.Ready()
		}))
	}
	return checks
}

// decorator makes the storage of a table's resource.
func (t *Tables) decorator(database *sql.Database, of Table, uncached bool) generic.StorageDecorator {
	return decorator(uncached, func(config *storagebackend.ConfigForResource, resourcePrefix string, newFunc func() runtime.Object) (storage.Interface, runtime.Codec, factory.DestroyFunc, error) {
		store, codec, destroy, err := t.newStore(database, of, config, resourcePrefix, newFunc)
		if err != nil {
			return nil, nil, nil, fmt.Errorf("the storage of %s: %w", config.GroupResource, err)
		}
		return store, codec, destroy, nil
	})
}

func (t *Tables) newStore(
	database *sql.Database, of Table, config *storagebackend.ConfigForResource, resourcePrefix string, newFunc func() runtime.Object,
) (storage.Interface, runtime.Codec, factory.DestroyFunc, error) {
	if err := unencrypted(config.Transformer); err != nil {
		return nil, nil, nil, err
	}
	kinds, _, err := t.Scheme.ObjectKinds(newFunc())
	if err != nil {
		return nil, nil, nil, err
	}
	kind, ok := config.EncodeVersioner.KindForGroupVersionKinds(kinds)
	if !ok {
		return nil, nil, nil, fmt.Errorf("there is no version of %v to store", kinds)
	}
	codec, err := t.codec(config.EncodeVersioner, kind.Group)
	if err != nil {
		return nil, nil, nil, err
	}
	table, err := external.New(database, external.Config{
		Mapping: of.Mapping, Resource: config.GroupResource, Kind: kind, Versions: of.Versions, FieldPath: of.FieldPath,
		Prefix: config.Prefix, ResourcePrefix: resourcePrefix,
	})
	if err != nil {
		return nil, nil, nil, err
	}
	store, err := external.NewStore(table, sql.Config{Codec: codec, New: newFunc})
	if err != nil {
		return nil, nil, nil, errors.Join(err, table.Close())
	}
	stop := table.Start(context.Background())
	t.lock.Lock()
	defer t.lock.Unlock()
	if t.running == nil {
		t.running = map[schema.GroupResource]*external.Table{}
	}
	t.running[config.GroupResource] = table
	return store, codec, func() {
		if err := stop(); err != nil {
			klog.Background().Error(err, "Could not close the connections of a table", "resource", config.GroupResource)
		}
	}, nil
}

// codec encodes JSON, whatever the server keeps its other objects in: that is what the database makes of a row.
func (t *Tables) codec(encode runtime.GroupVersioner, group string) (runtime.Codec, error) {
	codecs := serializer.NewCodecFactory(t.Scheme)
	info, ok := runtime.SerializerInfoForMediaType(codecs.SupportedMediaTypes(), runtime.ContentTypeJSON)
	if !ok {
		return nil, fmt.Errorf("there is no serializer of %s", runtime.ContentTypeJSON)
	}
	return codecs.CodecForVersions(info.Serializer, codecs.UniversalDeserializer(), encode, schema.GroupVersion{Group: group, Version: runtime.APIVersionInternal}), nil
}

// unencrypted fails if a transformer does anything: a table can be read by its owner.
func unencrypted(transformer value.Transformer) error {
	if transformer == nil {
		return nil
	}
	// A KMS plugin may be asked.
	ctx, cancel := context.WithTimeout(context.Background(), probeTimeout)
	defer cancel()
	probe := []byte("probe")
	stored, err := transformer.TransformToStorage(ctx, probe, value.DefaultContext(probe))
	const advice = "rows of another program's table can't be encrypted: leave the resource out of --encryption-provider-config, or, where a wildcard names it, have an entry before that with the provider identity"
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", advice, err)
	case !bytes.Equal(stored, probe):
		return errors.New(advice)
	}
	return nil
}
