package external

import "context"

type tryOnlyKey struct{}

// TryOnly is a context in which a Table does all that a write does, and takes it back: a dry run.
func TryOnly(ctx context.Context) context.Context { return context.WithValue(ctx, tryOnlyKey{}, true) }

func triesOnly(ctx context.Context) bool { return ctx.Value(tryOnlyKey{}) != nil }
