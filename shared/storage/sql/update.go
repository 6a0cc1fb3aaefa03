package sql

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/conversion"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/storage"
)

// GuaranteedUpdate calls tryUpdate with the object, and stores what it returns, again and again until nobody else has
// changed the object meanwhile. What would be stored as it is, is not written. A ttl of nil lets the object live as long
// as it would have; 0 is for ever.
func (s *Store) GuaranteedUpdate(
	ctx context.Context, key string, destination runtime.Object, ignoreNotFound bool,
	preconditions *storage.Preconditions, tryUpdate storage.UpdateFunc, cachedExistingObject runtime.Object,
) error {
	key, err := s.key(key, false)
	if err != nil {
		return err
	}
	ctx, done := s.trace(ctx, "GuaranteedUpdate", key)
	defer done()

	value, err := conversion.EnforcePtr(destination)
	if err != nil {
		return fmt.Errorf("updating %s: %w", key, err)
	}
	reader := states{store: s, key: key, destination: value, ignoreNotFound: ignoreNotFound}
	var state *objectState
	if cachedExistingObject != nil {
		state, err = reader.suggested(cachedExistingObject)
	} else {
		state, err = reader.read(ctx)
	}
	for {
		if err != nil {
			return err
		}
		if failure := preconditions.Check(key, state.obj); failure != nil {
			state, err = reader.reread(ctx, state, failure)
			continue
		}
		updated, ttl, failure := tryUpdate(state.obj, state.meta)
		if failure != nil {
			state, err = reader.reread(ctx, state, failure)
			continue
		}
		data, err2 := s.encode(updated)
		if err2 != nil {
			return err2
		}
		if !state.stale && bytes.Equal(data, state.data) {
			if state.current {
				return s.decode(state.data, destination, state.rev)
			}
			// Only what is stored says whether there is something to write: not a suggestion, which has been decoded
			// and encoded since, and does not tell whether it is stale.
			if state, err = reader.read(ctx); err != nil {
				return err
			}
			if !bytes.Equal(data, state.data) {
				continue
			}
			if !state.stale {
				return s.decode(state.data, destination, state.rev)
			}
		}
		stored, err2 := s.toStorage(ctx, key, data)
		if err2 != nil {
			return err2
		}
		w := write{key: key, expected: state.rev, value: stored, ttl: ttlKeep}
		if ttl != nil {
			w.ttl = int64(*ttl)
		}
		start := time.Now()
		revision, present, err2 := s.db.write(ctx, w)
		if err := s.observe(ctx, "update", start, err2); err != nil {
			return err
		}
		if revision == 0 {
			state, err = reader.of(ctx, present)
			continue
		}
		return s.decode(data, destination, revision)
	}
}
