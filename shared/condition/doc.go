// Package condition has tests wait for what is to come to pass, rather than for a time:
//
//	condition.Eventually(t.Context(), t, time.Minute, "the server to be ready", func(ctx context.Context) error {
//		return client.Get(ctx, "/readyz")
//	})
//
// A check returns why the condition does not hold yet; the last such reason is what a test says that has waited in vain. One that
// only knows whether it holds is made a check by [Holds].
package condition
