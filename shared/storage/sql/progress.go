package sql

import "sync"

// progress is how the watches of a store are asked to say where they are.
type progress struct {
	lock      sync.Mutex
	requested chan struct{}
}

func newProgress() *progress { return &progress{requested: make(chan struct{})} }

// next is closed at the next request.
func (p *progress) next() <-chan struct{} {
	p.lock.Lock()
	defer p.lock.Unlock()
	return p.requested
}

// request asks all.
func (p *progress) request() {
	p.lock.Lock()
	defer p.lock.Unlock()
	close(p.requested)
	p.requested = make(chan struct{})
}
