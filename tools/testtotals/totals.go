package main

import (
	"fmt"
	"io"
	"strings"
)

// totals are the counts over all targets.
type totals struct {
	targets, cached int
	passed          int
	failed, skipped []string
}

func sum(results []result) totals {
	var t totals
	for _, r := range results {
		t.targets++
		if r.cached {
			t.cached++
		}
		failures := len(t.failed)
		for _, c := range r.cases {
			name := r.target + " " + c.Name
			switch {
			case len(c.Failure)+len(c.Error) > 0:
				t.failed = append(t.failed, name)
			case c.Skipped != nil:
				t.skipped = append(t.skipped, name+": "+c.Skipped.reason())
			default:
				t.passed++
			}
		}
		switch {
		// It was not built, timed out or crashed, which its report can't say.
		case !r.passed && len(t.failed) == failures:
			t.failed = append(t.failed, r.target)
		case r.passed && len(r.cases) == 0:
			t.passed++
		}
	}
	return t
}

// reason is what the test said when it skipped: the last line that is not the test runner's own.
func (m message) reason() string {
	text := m.Text
	if strings.TrimSpace(text) == "" {
		text = m.Message
	}
	reason := "no reason given"
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "=== ") && !strings.HasPrefix(line, "--- ") {
			reason = line
		}
	}
	return reason
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
