package sql

import (
	"errors"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
)

// event is what an entry of the log is to the one who watches; nil if it is nothing. To a selector, an object comes and
// goes as it begins and ceases to match. Objects have the revision of the entry, those that are gone, too.
func (w *watcher) event(e *entry) (*watch.Event, error) {
	var present, previous runtime.Object
	var err error
	if e.value != nil {
		if present, err = w.decode(e, e.value); err != nil {
			return nil, err
		}
	}
	everything := w.predicate.Empty()
	// What the object was matters if it is gone, and if it may have been another that a selector saw.
	if e.prevRev != 0 && (e.value == nil || !everything) {
		if previous, err = w.decode(e, e.prevValue); err != nil {
			var corrupt *corruptObjectError
			if e.value == nil && errors.As(err, &corrupt) {
				return nil, &corruptObjectDeletedError{err: err}
			}
			return nil, err
		}
	}
	is := present != nil && w.selects(present)
	was := previous != nil && w.selects(previous) || present != nil && e.prevRev != 0 && everything
	switch {
	case is && was:
		return &watch.Event{Type: watch.Modified, Object: present}, nil
	case is:
		return &watch.Event{Type: watch.Added, Object: present}, nil
	case was:
		return &watch.Event{Type: watch.Deleted, Object: previous}, nil
	}
	return nil, nil
}

func (w *watcher) decode(e *entry, stored []byte) (runtime.Object, error) {
	data, _, err := w.store.fromStorage(w.ctx, e.key, stored)
	if err != nil {
		return nil, err
	}
	return w.store.decodeNew(w.ctx, data, nil, e.rev)
}

func (w *watcher) selects(obj runtime.Object) bool {
	if w.predicate.Empty() {
		return true
	}
	matches, err := w.predicate.Matches(obj)
	return err == nil && matches
}

// errorEvent is how a watch says why it ends.
func errorEvent(err error) watch.Event {
	var compacted *compactedError
	var corrupt *corruptObjectDeletedError
	var status apierrors.APIStatus
	switch {
	case errors.As(err, &compacted):
		status = apierrors.NewResourceExpired(watchExpired)
	case errors.As(err, &corrupt):
		status = &apierrors.StatusError{ErrStatus: metav1.Status{
			Status:  metav1.StatusFailure,
			Code:    http.StatusInternalServerError,
			Reason:  metav1.StatusReasonStoreReadError,
			Message: corrupt.Error(),
		}}
	case !errors.As(err, &status):
		status = apierrors.NewInternalError(err)
	}
	object := status.Status()
	return watch.Event{Type: watch.Error, Object: &object}
}
