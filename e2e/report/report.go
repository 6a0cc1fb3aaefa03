package report

import (
	"context"
	"fmt"
	"io"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"
)

// Report holds the outcomes of one run. The zero value is ready for use, and
// safe for assessments that run at the same time.
type Report struct {
	mu      sync.Mutex
	started time.Time
	passed  int
	failed  []string
	skipped []skip
}

type skip struct {
	name, reason string
}

// Start says when the run began, so that the summary can say how long it took.
func (r *Report) Start(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.started = now
}

// Observe records the outcome of t when t ends.
func (r *Report) Observe(ctx context.Context, t *testing.T) context.Context {
	t.Helper()
	var reason string
	t.Cleanup(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		switch {
		case t.Failed():
			r.failed = append(r.failed, t.Name())
		case t.Skipped():
			r.skipped = append(r.skipped, skip{name: t.Name(), reason: reason})
		default:
			r.passed++
		}
	})
	return context.WithValue(ctx, reasonKey{}, &reason)
}

// Fail records a failure that belongs to no assessment: the environment did not
// come up, or a feature failed outside its assessments.
func (r *Report) Fail(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = append(r.failed, name)
}

// Failed says whether anything failed, or was skipped without a reason.
func (r *Report) Failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.skipped {
		if s.reason == "" {
			return true
		}
	}
	return len(r.failed) > 0
}

// Print writes the totals on one line, then a line for each failure and for
// each reason to skip. title names the suite and the cluster.
func (r *Report) Print(w io.Writer, title string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	elapsed := ""
	if !r.started.IsZero() {
		elapsed = fmt.Sprintf(" in %.1f s", time.Since(r.started).Seconds())
	}
	var b strings.Builder
	fmt.Fprintf(&b, "e2e %s: %d assessments: %d passed, %d failed, %d skipped%s\n",
		title, r.passed+len(r.failed)+len(r.skipped), r.passed, len(r.failed), len(r.skipped), elapsed)
	for _, name := range r.failed {
		fmt.Fprintf(&b, "  failed: %s\n", name)
	}
	byReason := map[string][]string{}
	for _, s := range r.skipped {
		reason := s.reason
		if reason == "" {
			reason = "NO REASON GIVEN"
		}
		byReason[reason] = append(byReason[reason], s.name)
	}
	reasons := make([]string, 0, len(byReason))
	for reason := range byReason {
		reasons = append(reasons, reason)
	}
	sort.Strings(reasons)
	for _, reason := range reasons {
		names := byReason[reason]
		sort.Strings(names)
		fmt.Fprintf(&b, "  skipped %d, %s:\n", len(names), reason)
		for _, name := range names {
			fmt.Fprintf(&b, "    %s\n", name)
		}
	}
	// Standard output of a test: nothing can be done about an error here.
	_, _ = io.WriteString(w, b.String())
}
