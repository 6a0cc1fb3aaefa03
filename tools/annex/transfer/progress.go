package transfer

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// progressInterval is how often people are told that something still goes on.
const progressInterval = 2 * time.Second

// progress tells how far a copy is.
type progress struct {
	to      io.Writer
	done    chan struct{}
	ended   sync.WaitGroup
	lock    sync.Mutex
	phase   string
	objects int
	bytes   int64
}

func startProgress(to io.Writer) *progress {
	p := &progress{to: to, done: make(chan struct{}), phase: "copying"}
	if to == nil {
		return p
	}
	p.ended.Go(func() {
		ticker := time.NewTicker(progressInterval)
		defer ticker.Stop()
		for {
			select {
			case <-p.done:
				return
			case <-ticker.C:
				p.lock.Lock()
				fmt.Fprintf(p.to, "%s: %d objects, %.1f MiB\n", p.phase, p.objects, float64(p.bytes)/(1<<20))
				p.lock.Unlock()
			}
		}
	})
	return p
}

func (p *progress) say(phase string) {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.phase = phase
}

func (p *progress) add(objects, bytes int) {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.objects += objects
	p.bytes += int64(bytes)
}

func (p *progress) stop() {
	close(p.done)
	p.ended.Wait()
}
