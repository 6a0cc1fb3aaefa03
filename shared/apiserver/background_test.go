package apiserver

import (
	"context"
	"sync/atomic"
	"testing"

	genericapiserver "k8s.io/apiserver/pkg/server"
)

// The hooks' own context goes on, as it does where a hook before the shutdown fails.
func TestBackgroundIsStopped(t *testing.T) {
	t.Parallel()
	var b background
	var running, begun atomic.Int32
	began := make(chan struct{}, 2)
	hook := b.hook(func(ctx context.Context) {
		begun.Add(1)
		running.Add(1)
		defer running.Add(-1)
		began <- struct{}{}
		<-ctx.Done()
	})
	start := func() {
		if err := hook(genericapiserver.PostStartHookContext{Context: t.Context()}); err != nil {
			t.Fatal(err)
		}
	}
	start()
	start()
	<-began
	<-began
	b.stop()
	if n := running.Load(); n != 0 {
		t.Errorf("%d still run", n)
	}
	start()
	b.stop()
	if n := begun.Load(); n != 2 {
		t.Errorf("%d were started, want 2: one came after the end", n)
	}
}
