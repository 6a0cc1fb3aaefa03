package step

import (
	"context"
	"testing"

	"sigs.k8s.io/e2e-framework/pkg/envconf"
	"sigs.k8s.io/e2e-framework/pkg/features"
)

// Do makes a step of a function that needs neither the environment's
// configuration nor to hand on a context.
func Do(f func(ctx context.Context, t *testing.T)) features.Func {
	return func(ctx context.Context, t *testing.T, _ *envconf.Config) context.Context {
		t.Helper()
		f(ctx, t)
		return ctx
	}
}
