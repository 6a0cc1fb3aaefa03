package sql

import (
	"errors"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apiserver/pkg/storage"
)

// The messages are upstream's (etcd3/errors.go): clients show them, and some look for them.
const (
	listExpired = "The resourceVersion for the provided list is too old."

	watchExpired = "The resourceVersion for the provided watch is too old."

	continueExpired = "The provided continue parameter is too old " +
		"to display a consistent list result. You can start a new list without " +
		"the continue parameter."

	continueInconsistent = "The provided continue parameter is too old " +
		"to display a consistent list result. You can start a new list without " +
		"the continue parameter, or use the continue token in this response to " +
		"retrieve the remainder of the results. Continuing with the provided " +
		"token results in an inconsistent list - objects that were created, " +
		"modified, or deleted between the time the first chunk was returned " +
		"and now may show up in the list."
)

// maxBytes is how much a key and what is stored at it may be: as etcd's --max-request-bytes, so that what one storage takes
// the other does, too.
const maxBytes = 1.5 * (1 << 20)

// errTooLarge is etcd's: it is what the handlers of requests know, to try again without managedFields
// (endpoints/handlers/rest.go, isTooLargeError).
var errTooLarge = rpctypes.ErrRequestTooLarge

// listError is what a list returns when a span of it could not be read.
func listError(err error, s span, continued bool) error {
	var future *futureError
	if errors.As(err, &future) {
		return storage.NewTooLargeResourceVersionError(uint64(future.revision), uint64(future.current), 0)
	}
	var compacted *compactedError
	switch {
	case !errors.As(err, &compacted):
		return err
	case !continued:
		return apierrors.NewResourceExpired(listExpired)
	}
	// Revision -1 continues at whatever is the newest by then.
	token, err := storage.EncodeContinue(s.from, s.prefix, -1)
	if err != nil {
		return apierrors.NewResourceExpired(continueExpired)
	}
	expired := apierrors.NewResourceExpired(continueInconsistent)
	expired.ErrStatus.Continue = token
	return expired
}
