package report

import (
	"context"
	"testing"
)

type reasonKey struct{}

// Skip ends t as skipped. The reason is a clause that says what the cluster
// lacks ("the existing cluster's servers are not ours to kill"); it is printed
// with the totals.
func Skip(ctx context.Context, t *testing.T, reason string) {
	t.Helper()
	if r, ok := ctx.Value(reasonKey{}).(*string); ok {
		*r = reason
	}
	t.Skip(reason)
}
