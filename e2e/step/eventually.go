package step

import (
	"context"
	"testing"
	"time"

	"example.com/annex/shared/condition"
)

// Eventually is [condition.Eventually].
func Eventually(ctx context.Context, t testing.TB, timeout time.Duration, what string, check func(context.Context) error) {
	t.Helper()
	condition.Eventually(ctx, t, timeout, what, check)
}
