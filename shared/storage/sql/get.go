package sql

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/storage"
)

// Get reads an object: always the newest, whatever opts.ResourceVersion says, which must not be newer still.
func (s *Store) Get(ctx context.Context, key string, opts storage.GetOptions, out runtime.Object) error {
	key, err := s.key(key, false)
	if err != nil {
		return err
	}
	ctx, done := s.trace(ctx, "Get", key)
	defer done()

	start := time.Now()
	r, revision, err := s.db.get(ctx, key)
	if err != nil {
		err = fmt.Errorf("reading %s: %w", key, err)
	}
	if err := s.observe(ctx, "get", start, err); err != nil {
		return err
	}
	if err := s.checkNotOlder(opts.ResourceVersion, revision); err != nil {
		return err
	}
	if r.rev == 0 {
		if opts.IgnoreNotFound {
			return runtime.SetZeroValue(out)
		}
		return storage.NewKeyNotFoundError(key, 0)
	}
	data, _, err := s.fromStorage(ctx, key, r.value)
	if err != nil {
		return storage.NewInternalError(err)
	}
	return s.decode(data, out, r.rev)
}
