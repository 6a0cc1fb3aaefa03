package sql

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/storage"
	"k8s.io/apiserver/pkg/storage/value"
)

// corruptObjectError says that the bytes of an object can't be made an object any more: then it can still be deleted, if
// the feature gate AllowUnsafeMalformedObjectDeletion is on (KEP-3926).
type corruptObjectError struct {
	problem  string
	revision int64
	err      error
}

func (e *corruptObjectError) Error() string {
	if e.revision == 0 {
		return fmt.Sprintf("the stored object %s: %v", e.problem, e.err)
	}
	return fmt.Sprintf("the object stored at revision %d %s: %v", e.revision, e.problem, e.err)
}

func (e *corruptObjectError) Unwrap() error { return e.err }

// NewCorruptObjectTransformer is a transformer whose failures to read count as corruption of the object. Use it, and
// NewCorruptObjectStore, where AllowUnsafeMalformedObjectDeletion is enabled.
func NewCorruptObjectTransformer(transformer value.Transformer) value.Transformer {
	return corruptObjectTransformer{transformer}
}

type corruptObjectTransformer struct {
	value.Transformer
}

func (t corruptObjectTransformer) TransformFromStorage(ctx context.Context, data []byte, dataCtx value.Context) ([]byte, bool, error) {
	out, stale, err := t.Transformer.TransformFromStorage(ctx, data, dataCtx)
	// A request that was given up says nothing about the object.
	if err != nil && ctx.Err() == nil {
		err = &corruptObjectError{problem: "can't be transformed", err: err}
	}
	return out, stale, err
}

// NewCorruptObjectStore is a storage that says of corrupt objects that they are: then the registry lets them be deleted.
func NewCorruptObjectStore(store storage.Interface, resource schema.GroupResource) storage.Interface {
	return &corruptObjectStore{Interface: store, resource: resource}
}

type corruptObjectStore struct {
	storage.Interface
	resource schema.GroupResource
}

func (s *corruptObjectStore) Get(ctx context.Context, key string, opts storage.GetOptions, out runtime.Object) error {
	err := s.Interface.Get(ctx, key, opts, out)
	var corrupt *corruptObjectError
	if errors.As(err, &corrupt) {
		return storage.NewCorruptObjError(key, corrupt)
	}
	return err
}

func (s *corruptObjectStore) GetList(ctx context.Context, key string, opts storage.ListOptions, list runtime.Object) error {
	err := s.Interface.GetList(ctx, key, opts, list)
	var corrupt *corruptObjectsError
	if errors.As(err, &corrupt) {
		return corrupt.status(s.resource)
	}
	return err
}

// maxCorruptObjects is how many corrupt objects a list names.
const maxCorruptObjects = 100

var errTooManyCorrupt = errors.New("too many errors, the list is truncated")

// listErrors are the objects of a list that can't be read.
type listErrors struct {
	// collect has a list go on after corrupt objects, to name them all.
	collect bool
	corrupt []*storage.StorageError
}

func newListErrors() listErrors { return listErrors{collect: corruptObjectsCanBeDeleted()} }

// add takes note of an object that can't be read. If it returns an error, the list ends with it.
func (e *listErrors) add(key string, err error) error {
	var corrupt *corruptObjectError
	if !e.collect || !errors.As(err, &corrupt) {
		return e.failure(err)
	}
	e.corrupt = append(e.corrupt, storage.NewCorruptObjError(key, corrupt))
	if len(e.corrupt) == maxCorruptObjects {
		return e.failure(errTooManyCorrupt)
	}
	return nil
}

func (e *listErrors) failure(reason error) error {
	if len(e.corrupt) == 0 {
		return reason
	}
	return &corruptObjectsError{corrupt: e.corrupt, aborted: reason}
}

// result is the error of a list that was read to its end.
func (e *listErrors) result() error { return e.failure(nil) }

// corruptObjectsError says that a list has corrupt objects.
type corruptObjectsError struct {
	corrupt []*storage.StorageError
	// aborted is why the list was not read to its end; nil if it was.
	aborted error
}

func (e *corruptObjectsError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d objects can't be read:", len(e.corrupt))
	for _, err := range e.corrupt {
		fmt.Fprintf(&b, "\n\t%v", err)
	}
	if e.aborted != nil {
		fmt.Fprintf(&b, "\nand the list was not read to its end: %v", e.aborted)
	}
	return b.String()
}

// status is the error for clients: the keys of the corrupt objects are its causes.
func (e *corruptObjectsError) status(resource schema.GroupResource) *apierrors.StatusError {
	details := &metav1.StatusDetails{Group: resource.Group, Kind: resource.Resource, Name: "list"}
	for _, err := range e.corrupt {
		details.Causes = append(details.Causes, metav1.StatusCause{
			Type:    metav1.CauseTypeUnexpectedServerResponse,
			Field:   err.Key,
			Message: err.Error(),
		})
	}
	switch {
	case errors.Is(e.aborted, errTooManyCorrupt):
		details.Causes = append(details.Causes, metav1.StatusCause{Type: metav1.CauseTypeTooMany, Message: e.aborted.Error()})
	case e.aborted != nil:
		details.Causes = append(details.Causes, metav1.StatusCause{Type: metav1.CauseTypeUnexpectedServerResponse, Message: e.aborted.Error()})
	}
	// The first is in the message as well: causes get lost on the way through the watch cache.
	message := fmt.Sprintf("failed to read one or more %s from the storage: %v", resource, e.corrupt[0])
	if others := len(e.corrupt) - 1; others > 0 {
		message += fmt.Sprintf(" (and %d more)", others)
	}
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status:  metav1.StatusFailure,
		Code:    http.StatusInternalServerError,
		Reason:  metav1.StatusReasonStoreReadError,
		Message: message,
		Details: details,
	}}
}

// corruptObjectDeletedError is what a watch ends with that should say which object was deleted, and can't.
type corruptObjectDeletedError struct {
	err error
}

func (e *corruptObjectDeletedError) Error() string {
	return fmt.Sprintf("saw a DELETED event, but object data is corrupt: %v", e.err)
}

func (e *corruptObjectDeletedError) Unwrap() error { return e.err }
