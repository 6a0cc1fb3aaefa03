package sql

import (
	"context"
	"fmt"
	"reflect"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/storage"
)

// objectState is an object as an update or deletion sees it before it tries.
type objectState struct {
	// obj is nil if it can't be read, and that is what the caller expects.
	obj  runtime.Object
	meta storage.ResponseMeta
	// rev is the revision of the last write; 0 if the object does not exist.
	rev  int64
	data []byte
	// stale says that it would be stored differently now.
	stale bool
	// current says that it was read for this request, and not suggested by the caller.
	current bool
}

// states reads the states of one object.
type states struct {
	store *Store
	key   string
	// destination is the value that the caller wants the object in, for its type.
	destination reflect.Value
	// ignoreNotFound has an object that does not exist be an empty one.
	ignoreNotFound bool
	// expectCorrupt wants an object that can't be read: one that can be is an error.
	expectCorrupt bool
}

// read reads the object.
func (s states) read(ctx context.Context) (*objectState, error) {
	r, _, err := s.store.db.get(ctx, s.key)
	if err != nil {
		return nil, s.store.failure(ctx, "get", fmt.Errorf("reading %s: %w", s.key, err))
	}
	return s.of(ctx, r)
}

// of decodes what was read.
func (s states) of(ctx context.Context, r record) (*objectState, error) {
	state := &objectState{current: true, rev: r.rev}
	if unstructured, ok := s.destination.Addr().Interface().(runtime.Unstructured); ok {
		state.obj = unstructured.NewEmptyInstance()
	} else {
		state.obj = reflect.New(s.destination.Type()).Interface().(runtime.Object)
	}
	if r.rev == 0 {
		if !s.ignoreNotFound {
			return nil, storage.NewKeyNotFoundError(s.key, 0)
		}
		return state, runtime.SetZeroValue(state.obj)
	}
	state.meta = storage.ResponseMeta{TTL: r.ttl(), ResourceVersion: uint64(r.rev)}

	var err error
	state.data, state.stale, err = s.store.fromStorage(ctx, s.key, r.value)
	if err != nil {
		err = storage.NewInternalError(err)
	} else {
		err = s.store.decode(state.data, state.obj, r.rev)
	}
	switch {
	case s.expectCorrupt && err == nil:
		return nil, storage.NewInvalidObjError(s.key, "unsafe deletion is not allowed, because the object can be read")
	case s.expectCorrupt:
		state.obj, state.stale = nil, true
		return state, nil
	case err != nil:
		return nil, err
	}
	if s.store.config.Record != nil {
		// Its bytes are not the codec's, by which is found out whether there is something to write.
		if state.data, err = s.store.encode(state.obj); err != nil {
			return nil, err
		}
		s.store.setResourceVersion(state.obj, r.rev)
	}
	return state, nil
}

// suggested is the state that an object of the caller's says it is in.
func (s states) suggested(obj runtime.Object) (*objectState, error) {
	revision, err := s.store.versioner.ObjectResourceVersion(obj)
	if err != nil {
		return nil, fmt.Errorf("reading the resourceVersion of the suggested %s: %w", s.key, err)
	}
	data, err := s.store.encode(obj)
	if err != nil {
		return nil, err
	}
	s.store.setResourceVersion(obj, int64(revision))
	return &objectState{obj: obj, meta: storage.ResponseMeta{ResourceVersion: revision}, rev: int64(revision), data: data}, nil
}

// reread replaces a suggested state with the current one. If they are of the same revision, the suggestion was as good,
// and what failed with it fails: with the error given.
func (s states) reread(ctx context.Context, state *objectState, failure error) (*objectState, error) {
	if state.current {
		return nil, failure
	}
	current, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	if current.rev == state.rev {
		return nil, failure
	}
	return current, nil
}
