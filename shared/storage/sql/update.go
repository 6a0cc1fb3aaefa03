package sql

import (
	"bytes"
	"context"
	"fmt"

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
		next := change{key: key, expected: state.rev, before: state.data, after: data, ttl: ttlKeep}
		if ttl != nil {
			next.ttl = int64(*ttl)
		}
		made, err2 := s.change(ctx, "update", next)
		if err2 != nil {
			return err2
		}
		if made.conflict {
			state, err = reader.of(ctx, made.present)
			continue
		}
		return s.decode(made.data, destination, made.revision)
	}
}
