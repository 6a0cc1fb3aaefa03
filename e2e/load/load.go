package load

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Load is a stream of requests, so many a second whatever becomes of them, as long as Workers can keep up.
type Load struct {
	// PerSecond is how many requests are begun in a second.
	PerSecond int
	// Workers are how many may be under way at once.
	Workers int
	// Request makes one request; n counts from 0.
	Request func(ctx context.Context, n int) error
}

// Outcome is what became of a Load.
type Outcome struct {
	// Requests is how many were made.
	Requests int
	// Failures are those that failed.
	Failures []Failure
	// Slowest is the longest that one took.
	Slowest time.Duration
	// Took is how long all of it took.
	Took time.Duration
}

// Failure is a request that failed.
type Failure struct {
	// Request is its number.
	Request int
	// At is when it was begun.
	At time.Time
	// Err is why.
	Err error
}

// String is the outcome for a log.
func (o Outcome) String() string {
	return fmt.Sprintf("%d requests in %.1f s, %d failed, the slowest took %.2f s", o.Requests, o.Took.Seconds(), len(o.Failures), o.Slowest.Seconds())
}

// Run makes requests until the context ends.
func (l Load) Run(ctx context.Context) Outcome {
	var mu sync.Mutex
	var outcome Outcome
	var running sync.WaitGroup
	began := time.Now()
	// A second in which the machine had no time for it is made up for, and none is taken in advance.
	limiter := rate.NewLimiter(rate.Limit(l.PerSecond), l.PerSecond)
	limiter.AllowN(began, l.PerSecond)
	requests := make(chan int)
	for range l.Workers {
		running.Go(func() {
			for n := range requests {
				start := time.Now()
				err := l.Request(context.WithoutCancel(ctx), n) // The end of the load is no reason to fail.
				took := time.Since(start)
				mu.Lock()
				outcome.Requests++
				outcome.Slowest = max(outcome.Slowest, took)
				if err != nil {
					outcome.Failures = append(outcome.Failures, Failure{n, start, err})
				}
				mu.Unlock()
			}
		})
	}
	for n := 0; limiter.Wait(ctx) == nil; n++ {
		requests <- n
	}
	close(requests)
	running.Wait()
	outcome.Took = time.Since(began)
	return outcome
}
