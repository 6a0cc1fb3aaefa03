package sql

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// retryAfterSeconds is when a client should read again that was told that the database is away.
const retryAfterSeconds = 1

// unavailableError is what clients get while the database is away: 503. Why it is, with the names of hosts and users,
// stands in the log and in /readyz.
type unavailableError struct {
	*apierrors.StatusError
	err error
}

func (e *unavailableError) Unwrap() error { return e.err }

// observe counts a request that began at start, and returns its error as clients get it. err is the database's, not that an
// object is not there.
func (s *Store) observe(ctx context.Context, operation string, start time.Time, err error) error {
	observeRequest(operation, s.config.Resource, start, err)
	return s.failure(ctx, operation, err)
}

// failure is 503 for an error that says that the database is away; others stay as they are, that of a request that was
// given up included.
func (s *Store) failure(ctx context.Context, operation string, err error) error {
	if err == nil || ctx.Err() != nil || !(errors.Is(err, ErrClosed) || s.db.dialect.unavailable(err)) {
		return err
	}
	status := apierrors.NewServiceUnavailable(fmt.Sprintf("the database of %s is not available, try again later", s.config.Resource))
	status.ErrStatus.Details = &metav1.StatusDetails{Group: s.config.Resource.Group, Kind: s.config.Resource.Resource}
	switch operation {
	case "create", "update", "delete":
		// It may have been committed: whether to try again is for people, or controllers, to say. client-go does it unasked
		// where there is a Retry-After.
	default:
		status.ErrStatus.Details.RetryAfterSeconds = retryAfterSeconds
	}
	return &unavailableError{StatusError: status, err: err}
}
