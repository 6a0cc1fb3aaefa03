package external

import (
	"context"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/apiserver/pkg/storage"

	annexsql "example.com/annex/shared/storage/sql"
)

// Store is the storage of a Table: a sql.Store that answers nothing until all rows are published. A list of a part of them would
// look to controllers as if the others had been deleted.
type Store struct {
	*annexsql.Store
	table *Table
}

var _ storage.Interface = &Store{}

// NewStore is the storage of a Table. The Codec of the config encodes JSON, of the version that is stored; its Record, Prefix,
// ResourcePrefix and Resource are the Table's.
func NewStore(table *Table, config annexsql.Config) (*Store, error) {
	config.Record = table
	config.Prefix, config.ResourcePrefix, config.Resource = table.config.Prefix, table.config.ResourcePrefix, table.config.Resource
	store, err := annexsql.New(table.database, config)
	if err != nil {
		return nil, err
	}
	return &Store{Store: store, table: table}, nil
}

// ready is why a request can't be answered, as the client is told.
func (s *Store) ready() error {
	if err := s.table.Ready(); err != nil {
		return unavailable(err)
	}
	return nil
}

// ReadinessCheck fails until all rows are published.
func (s *Store) ReadinessCheck() error {
	if err := s.table.Ready(); err != nil {
		return err
	}
	return s.Store.ReadinessCheck()
}

// GetCurrentResourceVersion is what the watch cache asks before it answers a list that is not to be stale.
func (s *Store) GetCurrentResourceVersion(ctx context.Context) (uint64, error) {
	if err := s.ready(); err != nil {
		return 0, err
	}
	return s.Store.GetCurrentResourceVersion(ctx)
}

// Get reads an object.
func (s *Store) Get(ctx context.Context, key string, opts storage.GetOptions, out runtime.Object) error {
	if err := s.ready(); err != nil {
		return err
	}
	return s.Store.Get(ctx, key, opts, out)
}

// GetList lists objects.
func (s *Store) GetList(ctx context.Context, key string, opts storage.ListOptions, list runtime.Object) error {
	if err := s.ready(); err != nil {
		return err
	}
	return s.Store.GetList(ctx, key, opts, list)
}

// Watch watches objects.
func (s *Store) Watch(ctx context.Context, key string, opts storage.ListOptions) (watch.Interface, error) {
	if err := s.ready(); err != nil {
		return nil, err
	}
	return s.Store.Watch(ctx, key, opts)
}

// Create creates an object.
func (s *Store) Create(ctx context.Context, key string, obj, out runtime.Object, ttl uint64) error {
	if err := s.ready(); err != nil {
		return err
	}
	if triesOnly(ctx) {
		// As upstream's dry run does, which does not look at it (registry/dryrun.go).
		obj = obj.DeepCopyObject()
		if err := s.Versioner().PrepareObjectForStorage(obj); err != nil {
			return err
		}
	}
	return s.Store.Create(ctx, key, obj, out, ttl)
}

// GuaranteedUpdate updates an object.
func (s *Store) GuaranteedUpdate(
	ctx context.Context, key string, destination runtime.Object, ignoreNotFound bool,
	preconditions *storage.Preconditions, tryUpdate storage.UpdateFunc, cachedExistingObject runtime.Object,
) error {
	if err := s.ready(); err != nil {
		return err
	}
	return s.Store.GuaranteedUpdate(ctx, key, destination, ignoreNotFound, preconditions, tryUpdate, cachedExistingObject)
}

// Delete deletes an object.
func (s *Store) Delete(
	ctx context.Context, key string, out runtime.Object, preconditions *storage.Preconditions,
	validateDeletion storage.ValidateObjectFunc, cachedExistingObject runtime.Object, opts storage.DeleteOptions,
) error {
	if err := s.ready(); err != nil {
		return err
	}
	return s.Store.Delete(ctx, key, out, preconditions, validateDeletion, cachedExistingObject, opts)
}
