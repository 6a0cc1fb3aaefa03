package main

import (
	"fmt"
	"io"

	"example.com/annex/tools/testevents"
)

// totals are the counts over all targets.
type totals struct {
	targets, cached int
	passed          int
	failed, skipped []string
}

func sum(results []testevents.Result) totals {
	var t totals
	for _, r := range results {
		t.targets++
		if r.Cached {
			t.cached++
		}
		failures := len(t.failed)
		for _, c := range r.Cases {
			name := r.Target + " " + c.Name
			switch {
			case c.Failed():
				t.failed = append(t.failed, name)
			case c.Skipped != nil:
				t.skipped = append(t.skipped, name+": "+c.Skipped.Reason())
			default:
				t.passed++
			}
		}
		switch {
		// It was not built, timed out or crashed, which its report can't say.
		case !r.Passed && len(t.failed) == failures:
			t.failed = append(t.failed, r.Target)
		case r.Passed && len(r.Cases) == 0:
			t.passed++
		}
	}
	return t
}

func (t totals) print(w io.Writer) {
	for _, list := range []struct {
		heading string
		names   []string
	}{{"skipped", t.skipped}, {"failed", t.failed}} {
		for _, name := range list.names {
			fmt.Fprintf(w, "%s %s\n", list.heading, name)
		}
	}
	fmt.Fprintf(w, "%d targets, %d of them unchanged since they last passed\n", t.targets, t.cached)
	fmt.Fprintf(w, "%d passed, %d failed, %d skipped\n", t.passed, len(t.failed), len(t.skipped))
}
