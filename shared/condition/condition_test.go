package condition_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/annex/shared/condition"
)

// recorder is a test that may fail.
type recorder struct {
	testing.TB
	failure string
}

func (*recorder) Helper() {}

func (r *recorder) Fatalf(format string, args ...any) { r.failure = fmt.Sprintf(format, args...) }

func TestEventually(t *testing.T) {
	t.Parallel()
	looks := 0
	condition.Eventually(t.Context(), t, time.Minute, "the third look", func(context.Context) error {
		if looks++; looks < 3 {
			return fmt.Errorf("look %d", looks)
		}
		return nil
	})
	if looks != 3 {
		t.Errorf("it looked %d times, want 3", looks)
	}
}

func TestEventuallyGivesUp(t *testing.T) {
	t.Parallel()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, tc := range map[string]struct {
		ctx     context.Context
		timeout time.Duration
		reason  string
	}{
		"after the timeout":     {t.Context(), 50 * time.Millisecond, context.DeadlineExceeded.Error()},
		"when the context ends": {ended, time.Minute, context.Canceled.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &recorder{TB: t}
			looks := 0
			condition.Eventually(tc.ctx, r, tc.timeout, "a miracle", func(ctx context.Context) error {
				if looks++; looks > 1 && ctx.Err() != nil {
					return errors.New("it was cut short")
				}
				return errors.New("none happened")
			})
			for _, want := range []string{"waiting for a miracle", "none happened", tc.reason} {
				if !strings.Contains(r.failure, want) {
					t.Errorf("it says %q, which does not have %q", r.failure, want)
				}
			}
		})
	}
}

func TestHolds(t *testing.T) {
	t.Parallel()
	for _, holds := range []bool{true, false} {
		if err := condition.Holds(func() bool { return holds })(t.Context()); (err == nil) != holds {
			t.Errorf("where it is %t: %v", holds, err)
		}
	}
}
