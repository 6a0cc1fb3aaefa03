package storagetest

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// concurrency is how much is done at once that is not measured.
const concurrency = 64

// each calls do with 0 to n-1, many at once, until one fails.
func each(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(concurrency)
	for i := range n {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error { return do(ctx, i) })
	}
	return group.Wait()
}
