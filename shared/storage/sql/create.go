package sql

import (
	"context"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/storage"
)

// Create stores an object that must not exist, for ttl seconds; 0 is for ever. The object must have no resourceVersion.
func (s *Store) Create(ctx context.Context, key string, obj, out runtime.Object, ttl uint64) error {
	key, err := s.key(key, false)
	if err != nil {
		return err
	}
	ctx, done := s.trace(ctx, "Create", key)
	defer done()

	if version, err := s.versioner.ObjectResourceVersion(obj); err == nil && version != 0 {
		return storage.ErrResourceVersionSetOnCreate
	}
	data, err := s.encode(obj)
	if err != nil {
		return err
	}
	made, err := s.change(ctx, "create", change{key: key, after: data, ttl: int64(ttl)})
	if err != nil {
		return err
	}
	if made.conflict {
		return storage.NewKeyExistsError(key, 0)
	}
	if out == nil {
		return nil
	}
	return s.decode(made.data, out, made.revision)
}
