package condition

import (
	"context"
	"errors"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// First and Interval are how long [Eventually] lets pass between two looks: First at the beginning, twice as long each time, and
// no longer than Interval.
const (
	First    = 10 * time.Millisecond
	Interval = 200 * time.Millisecond
)

// Eventually calls check, at once and then again and again, until it returns nil. After timeout, or when ctx ends before, the test
// fails at once with the last error. The context that check gets ends with the timeout. what completes the sentence "waiting for
// ...".
func Eventually(ctx context.Context, t testing.TB, timeout time.Duration, what string, check func(context.Context) error) {
	t.Helper()
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var last error
	looks := wait.Backoff{Duration: First, Factor: 2, Cap: Interval, Steps: 1 << 10}.DelayFunc()
	if err := looks.Until(ctx, true, true, func(ctx context.Context) (bool, error) {
		err := check(ctx)
		// The end of the wait cuts a request short: its error says less than the one before.
		if err != nil && (last == nil || ctx.Err() == nil) {
			last = err
		}
		return err == nil, nil
	}); err != nil {
		t.Fatalf("waiting for %s: gave up after %.1f s (%v): %v", what, time.Since(start).Seconds(), err, last)
	}
}

// Holds makes a check of a condition that holds or does not.
func Holds(condition func() bool) func(context.Context) error {
	return func(context.Context) error {
		if !condition() {
			return errors.New("it is not so")
		}
		return nil
	}
}
