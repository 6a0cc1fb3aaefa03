package report

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// event is how a process announces an outcome: as the value of a test attribute (testing.T.Attr).
type event struct {
	Kind    kind    `json:"kind"`
	Outcome Outcome `json:"outcome"`
}

type kind string

const (
	begun kind = "begun"
	ended kind = "ended"

	// attribute is the key of the test attribute.
	attribute = "annex-outcome"
)

func (r *Report) announce(t *testing.T, k kind, o Outcome) {
	t.Helper()
	if !r.Announce {
		return
	}
	data, err := json.Marshal(event{Kind: k, Outcome: o}) // On one line.
	if err != nil {
		t.Errorf("announcing the outcome: %v", err)
		return
	}
	t.Attr(attribute, string(data))
}

// Progress is told what a run that is followed does. Either function may be nil.
type Progress struct {
	// Begun is called when an assessment begins.
	Begun func(Subject)
	// Ended is called when one has ended.
	Ended func(Outcome)
}

func (p Progress) begun(s Subject) {
	if p.Begun != nil {
		p.Begun(s)
	}
}

func (p Progress) ended(o Outcome) {
	if p.Ended != nil {
		p.Ended(o)
	}
}

// Follow reads what a process with [Report.Announce] writes to its standard output, until that ends, and records the outcomes.
// Assessments that began and did not end, because the process died, are recorded as unfinished. It returns what belongs to no
// test: what the Go runtime says of a panic, for example.
func (r *Report) Follow(stdout io.Reader, progress Progress) (rest string, err error) {
	f := follower{report: r, progress: progress, output: map[string]*strings.Builder{}, running: map[string]Subject{}}
	lines := bufio.NewReader(stdout)
	for {
		line, err := lines.ReadString('\n')
		if readErr := f.read(line); readErr != nil {
			return f.rest.String(), readErr
		}
		if err != nil {
			f.end()
			if !errors.Is(err, io.EOF) {
				return f.rest.String(), fmt.Errorf("following the run: %w", err)
			}
			return f.rest.String(), nil
		}
	}
}

// follower reads the output of package testing with -test.v=test2json (cmd/internal/test2json): lines that begin with a mark say
// which test those that follow are of.
type follower struct {
	report   *Report
	progress Progress
	test     string
	// output is what each test has logged.
	output  map[string]*strings.Builder
	running map[string]Subject
	order   []string
	rest    strings.Builder
}

const mark = "\x16"

func (f *follower) read(line string) error {
	control, marked := strings.CutPrefix(line, mark)
	if !marked {
		f.write(line)
		return nil
	}
	control = strings.TrimSuffix(control, "\n")
	if attr, ok := strings.CutPrefix(control, "=== ATTR  "); ok {
		name, value, _ := strings.Cut(attr, " ")
		key, value, _ := strings.Cut(value, " ")
		f.test = name
		if key != attribute {
			return nil
		}
		var e event
		if err := json.Unmarshal([]byte(value), &e); err != nil {
			return fmt.Errorf("following the run: decoding what %s says of itself: %w", name, err)
		}
		f.take(name, e)
		return nil
	}
	if update, ok := strings.CutPrefix(control, "=== "); ok {
		_, name, _ := strings.Cut(update, " ")
		f.test = strings.TrimSpace(name) // RUN, PAUSE, CONT, NAME.
		return nil
	}
	f.test = "" // A result, which has been announced, or the final PASS or FAIL.
	return nil
}

func (f *follower) write(line string) {
	if f.test == "" {
		f.rest.WriteString(line)
		return
	}
	if f.output[f.test] == nil {
		f.output[f.test] = &strings.Builder{}
	}
	f.output[f.test].WriteString(line)
}

func (f *follower) take(test string, e event) {
	if e.Kind == begun {
		f.running[test] = e.Outcome.Subject
		f.order = append(f.order, test)
		f.progress.begun(e.Outcome.Subject)
		return
	}
	delete(f.running, test)
	o := e.Outcome
	o.Output = f.logged(test)
	f.report.add(o)
	f.progress.ended(o)
}

// logged is what a test has logged.
func (f *follower) logged(test string) string {
	output := f.output[test]
	if output == nil {
		return ""
	}
	delete(f.output, test)
	return unindent(output.String())
}

// unindent takes away what package testing puts before each line.
func unindent(output string) string {
	var b strings.Builder
	for line := range strings.Lines(output) {
		b.WriteString(strings.TrimPrefix(line, "    "))
	}
	return b.String()
}

// end records the assessments that did not end.
func (f *follower) end() {
	for _, test := range f.order {
		subject, running := f.running[test]
		if !running {
			continue
		}
		o := Outcome{Subject: subject, Test: test, Result: Unfinished, Reason: "the run ended before it", Output: f.logged(test)}
		f.report.add(o)
		f.progress.ended(o)
	}
}
