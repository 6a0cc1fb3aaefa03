package report

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/annex/e2e/trace"
)

// Report holds the outcomes of one run. The zero value is ready for use, and
// safe for assessments that run at the same time.
type Report struct {
	// Announce makes the tests of the run say on standard output what becomes of
	// them, for [Report.Follow] in another process, where they are run with
	// -test.v=test2json. Set it before the first test.
	Announce bool

	mu       sync.Mutex
	started  time.Time
	planned  []Subject
	outcomes []Outcome
}

// Start says when the run began, so that the summary can say how long it took.
func (r *Report) Start(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.started = now
}

// Plan says that an area of a resource is going to be tried, and whether it is
// claimed: the table has it even if nothing of it is run, and its order is that
// of the plan.
func (r *Report) Plan(resource, area string, claimed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.planned = append(r.planned, Subject{Resource: resource, Area: area, NotClaimed: !claimed})
}

// Observe records the outcome of t when t ends.
func (r *Report) Observe(ctx context.Context, t *testing.T) context.Context {
	t.Helper()
	ctx, _ = r.observe(ctx, t, Subject{Assessment: t.Name()})
	return ctx
}

// observe is Observe for a test that is an assessment of a feature. What that
// panics in has failed: call do with what is to be done.
func (r *Report) observe(ctx context.Context, t *testing.T, subject Subject) (_ context.Context, do func(func())) {
	t.Helper()
	var reason string
	panicking := false
	started := time.Now()
	r.announce(t, begun, Outcome{Subject: subject, Test: t.Name()})
	exchanges := trace.FromContext(ctx)
	exchanges.Take() // Those of the assessment before.
	t.Cleanup(func() {
		o := Outcome{Subject: subject, Test: t.Name(), Seconds: time.Since(started).Seconds()}
		switch {
		case t.Failed() && ctx.Err() != nil:
			o.Result, o.Reason = Unfinished, context.Cause(ctx).Error()
		case t.Failed(), panicking:
			o.Result, o.Exchanges = Failed, exchanges.Take()
			if !r.Announce && len(o.Exchanges) > 0 {
				t.Logf("the last requests of this assessment:\n%s", lines(o.Exchanges))
			}
		case t.Skipped():
			o.Result, o.Reason = Skipped, reason
		default:
			o.Result = Passed
		}
		r.add(o)
		r.announce(t, ended, o)
	})
	return context.WithValue(ctx, reasonKey{}, &reason), func(f func()) {
		panicking = true
		defer func() {
			// FailNow and SkipNow leave f early, too.
			panicking = panicking && !t.Failed() && !t.Skipped()
		}()
		f()
		panicking = false
	}
}

func lines(exchanges []trace.Exchange) string {
	var b strings.Builder
	for _, e := range exchanges {
		fmt.Fprintf(&b, "%s\n", e)
	}
	return b.String()
}

func (r *Report) add(o Outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.outcomes = append(r.outcomes, o)
}

// Fail records a failure that belongs to no assessment: the environment did not
// come up, or could not be cleaned up.
func (r *Report) Fail(name string) {
	r.add(Outcome{Subject: Subject{Assessment: name}, Test: name, Result: Failed})
}

// Failed says whether anything failed, was cut short, or was skipped without a
// reason.
func (r *Report) Failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.outcomes, func(o Outcome) bool {
		return o.Result == Failed || o.Result == Unfinished || o.Result == Skipped && o.Reason == ""
	})
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
	byReason := map[string][]string{}
	s := summarize(r.outcomes)
	unfinished := ""
	if s.Unfinished > 0 {
		unfinished = fmt.Sprintf(", %d unfinished", s.Unfinished)
	}
	fmt.Fprintf(&b, "e2e %s: %d assessments: %d passed, %d failed, %d skipped%s%s\n",
		title, len(r.outcomes), s.Passed, s.Failed, s.Skipped, unfinished, elapsed)
	for _, o := range r.outcomes {
		switch o.Result {
		case Failed:
			fmt.Fprintf(&b, "  failed: %s\n", o.Test)
		case Unfinished:
			fmt.Fprintf(&b, "  unfinished, %s: %s\n", o.Reason, o.Test)
		case Skipped:
			reason := o.Reason
			if reason == "" {
				reason = "NO REASON GIVEN"
			}
			byReason[reason] = append(byReason[reason], o.Test)
		}
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
