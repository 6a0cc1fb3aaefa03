package sql

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/conversion"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/storage"
)

// Delete deletes an object if it meets the preconditions and validateDeletion does not mind, and returns it with the
// revision of the deletion. Both are asked again when the object has changed meanwhile.
func (s *Store) Delete(
	ctx context.Context, key string, out runtime.Object, preconditions *storage.Preconditions,
	validateDeletion storage.ValidateObjectFunc, cachedExistingObject runtime.Object, opts storage.DeleteOptions,
) error {
	key, err := s.key(key, false)
	if err != nil {
		return err
	}
	ctx, done := s.trace(ctx, "Delete", key)
	defer done()

	destination, err := conversion.EnforcePtr(out)
	if err != nil {
		return fmt.Errorf("deleting %s: %w", key, err)
	}
	reader := states{store: s, key: key, destination: destination, expectCorrupt: opts.ExpectTransformOrDecodeError && corruptObjectsCanBeDeleted()}
	var state *objectState
	if cachedExistingObject != nil && !reader.expectCorrupt {
		state, err = reader.suggested(cachedExistingObject)
	} else {
		state, err = reader.read(ctx)
	}
	for {
		if err != nil {
			return err
		}
		if failure := s.mayDelete(ctx, key, state, preconditions, validateDeletion); failure != nil {
			state, err = reader.reread(ctx, state, failure)
			continue
		}
		made, deleteErr := s.change(ctx, "delete", change{key: key, expected: state.rev, before: state.data})
		if deleteErr != nil {
			return deleteErr
		}
		if made.conflict {
			state, err = reader.of(ctx, made.present)
			continue
		}
		if reader.expectCorrupt {
			return nil
		}
		return s.decode(state.data, out, made.revision)
	}
}

func (s *Store) mayDelete(ctx context.Context, key string, state *objectState, preconditions *storage.Preconditions, validate storage.ValidateObjectFunc) error {
	if preconditions != nil {
		if err := preconditions.Check(key, state.obj); err != nil {
			return err
		}
	}
	return validate(ctx, state.obj)
}
