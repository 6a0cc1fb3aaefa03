package storagetest

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// latencies are the half, and all but one in a hundred, of what was measured.
type latencies struct {
	p50, p99 time.Duration
}

func newLatencies(durations []time.Duration) latencies {
	slices.Sort(durations)
	return latencies{p50: durations[len(durations)/2], p99: durations[len(durations)*99/100]}
}

func (l latencies) String() string { return milliseconds(l.p50) + " / " + milliseconds(l.p99) }

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.2f", float64(d)/float64(time.Millisecond))
}

// sample measures requests, one after another.
func sample(t *testing.T, request func(i int) error) latencies {
	t.Helper()
	var durations []time.Duration
	for i := range growthRequests {
		start := time.Now()
		if err := request(i); err != nil {
			t.Fatal(err)
		}
		durations = append(durations, time.Since(start))
	}
	return newLatencies(durations)
}
