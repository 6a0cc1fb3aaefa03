package apiserver

import (
	"context"
	"sync"

	genericapiserver "k8s.io/apiserver/pkg/server"
)

// background is what a server does besides answering. Upstream starts its hooks, and waits for none; whoever stops a server wants
// to know that nothing of it runs any more.
type background struct {
	mu      sync.Mutex
	stops   []context.CancelFunc
	stopped bool
	running sync.WaitGroup
}

// hook is a post-start hook that has something run until the server is stopped: run must return soon after its context has ended.
func (b *background) hook(run func(context.Context)) genericapiserver.PostStartHookFunc {
	return func(hook genericapiserver.PostStartHookContext) error {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.stopped {
			return nil // Hooks start when they get to it, and the server may have been stopped since.
		}
		ctx, stop := context.WithCancel(hook)
		b.stops = append(b.stops, stop)
		b.running.Go(func() { run(ctx) })
		return nil
	}
}

// stop ends all that runs, and waits for it.
func (b *background) stop() {
	b.mu.Lock()
	b.stopped = true
	for _, stop := range b.stops {
		stop()
	}
	b.mu.Unlock()
	b.running.Wait()
}
