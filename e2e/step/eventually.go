package step

import (
	"context"
	"testing"
	"time"

	"sigs.k8s.io/e2e-framework/klient/wait"
)

// Interval is how often [Eventually] looks.
const Interval = 200 * time.Millisecond

// Eventually calls check, at once and then every [Interval], until it returns
// nil. After timeout, or when ctx ends before, the test fails at once with the
// last error. what completes the sentence "waiting for ...".
func Eventually(ctx context.Context, t testing.TB, timeout time.Duration, what string, check func(context.Context) error) {
	t.Helper()
	start := time.Now()
	var last error
	err := wait.For(func(ctx context.Context) (bool, error) {
		if err := check(ctx); err != nil {
			// The end of the wait cuts a request short: its error says less
			// than the one before.
			if last == nil || ctx.Err() == nil {
				last = err
			}
			return false, nil
		}
		return true, nil
	}, wait.WithContext(ctx), wait.WithTimeout(timeout), wait.WithInterval(Interval), wait.WithImmediate())
	if err != nil {
		t.Fatalf("waiting for %s: gave up after %.1f s: %v", what, time.Since(start).Seconds(), last)
	}
}
