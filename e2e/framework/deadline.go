package framework

import (
	"flag"
	"os"
	"strconv"
	"time"
)

// teardown is the time that the deadline leaves for cleaning up: Go's test
// timeout panics, and Bazel's kills, and neither lets the cluster be removed.
const teardown = 30 * time.Second

// deadline is when the suite's time is up: teardown before the earlier of
// Bazel's timeout (TEST_TIMEOUT, in seconds) and Go's (-test.timeout). ok is
// false when there is neither.
func deadline(now time.Time) (at time.Time, ok bool) {
	limit := time.Duration(0)
	if seconds, err := strconv.Atoi(os.Getenv("TEST_TIMEOUT")); err == nil && seconds > 0 {
		limit = time.Duration(seconds) * time.Second
	}
	if f := flag.Lookup("test.timeout"); f != nil {
		if d, err := time.ParseDuration(f.Value.String()); err == nil && d > 0 && (limit == 0 || d < limit) {
			limit = d
		}
	}
	if limit == 0 {
		return time.Time{}, false
	}
	return now.Add(max(limit-teardown, limit/2)), true
}
