package testevents

import (
	"bufio"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"
)

// Result is one target's run: a shard, or one of several attempts. Of a target that could not be built it is all there is.
type Result struct {
	Target string
	Passed bool
	// Cached is true where the target had passed before, unchanged.
	Cached bool
	// Duration is how long it ran, in this run or when it had passed.
	Duration time.Duration
	Cases    []Case
}

// Case is one test in a JUnit report as rules_go writes it.
type Case struct {
	Name    string    `xml:"name,attr"`
	Skipped *Message  `xml:"skipped"`
	Failure []Message `xml:"failure"`
	Error   []Message `xml:"error"`
}

// Failed says whether the test failed, in whatever way.
func (c Case) Failed() bool { return len(c.Failure)+len(c.Error) > 0 }

// Message is what a test said.
type Message struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// Reason is why a test was skipped.
func (m Message) Reason() string {
	if strings.TrimSpace(m.Text) == "" {
		return Reason(m.Message)
	}
	return Reason(m.Text)
}

// Reason is what a test said when it skipped: the last line of its output that is not the test runner's own.
func Reason(output string) string {
	reason := "no reason given"
	for line := range strings.Lines(output) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "=== ") && !strings.HasPrefix(line, "--- ") {
			reason = line
		}
	}
	return reason
}

// event is the part of a build event that says how a test went, or that it could not be built: Bazel's
// build_event_stream.proto.
type event struct {
	ID struct {
		TestResult       *target `json:"testResult"`
		TargetConfigured *target `json:"targetConfigured"`
		TargetCompleted  *target `json:"targetCompleted"`
	} `json:"id"`
	TestResult *struct {
		Status        string `json:"status"`
		CachedLocally bool   `json:"cachedLocally"`
		Duration      string `json:"testAttemptDuration"` // As protobuf's JSON has it: 1.5s
		Outputs       []struct {
			Name string `json:"name"`
			URI  string `json:"uri"`
		} `json:"testActionOutput"`
	} `json:"testResult"`
	Configured struct {
		TestSize string `json:"testSize"` // Only tests have one.
	} `json:"configured"`
	Completed *struct {
		Success bool `json:"success"`
	} `json:"completed"`
	Aborted *struct {
		Reason string `json:"reason"`
	} `json:"aborted"`
}

type target struct {
	Label string `json:"label"`
}

// failed says that a target was not built, though it can be on this platform.
func (e event) failed() bool {
	return e.Completed != nil && !e.Completed.Success || e.Aborted != nil && e.Aborted.Reason != "SKIPPED"
}

// Read reads the events of a run, and the reports that they point to.
func Read(path string) ([]Result, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var results []Result
	tests := map[string]bool{}
	decoder := json.NewDecoder(bufio.NewReader(file))
	for {
		var e event
		if err := decoder.Decode(&e); errors.Is(err, io.EOF) {
			return results, nil
		} else if err != nil {
			return nil, fmt.Errorf("reading Bazel's events in %s: %w", path, err)
		}
		if t := e.ID.TargetConfigured; t != nil {
			tests[t.Label] = e.Configured.TestSize != ""
			// What can't be analyzed may be a test.
			if e.failed() {
				results = append(results, Result{Target: t.Label})
			}
		}
		if t := e.ID.TargetCompleted; t != nil && tests[t.Label] && e.failed() {
			results = append(results, Result{Target: t.Label})
		}
		if e.ID.TestResult == nil || e.TestResult == nil {
			continue
		}
		r := Result{
			Target: e.ID.TestResult.Label,
			Passed: e.TestResult.Status == "PASSED",
			Cached: e.TestResult.CachedLocally,
		}
		if e.TestResult.Duration != "" {
			if r.Duration, err = time.ParseDuration(e.TestResult.Duration); err != nil {
				return nil, fmt.Errorf("reading how long %s took: %w", r.Target, err)
			}
		}
		for _, output := range e.TestResult.Outputs {
			if output.Name != "test.xml" {
				continue
			}
			if r.Cases, err = report(output.URI); err != nil {
				return nil, fmt.Errorf("reading the report of %s: %w", r.Target, err)
			}
		}
		results = append(results, r)
	}
}

func report(uri string) ([]Case, error) {
	location, err := url.Parse(uri)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(location.Path)
	if err != nil {
		return nil, err
	}
	var suites struct {
		Suites []struct {
			Cases []Case `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(text, &suites); err != nil {
		return nil, fmt.Errorf("%s: %w", location.Path, err)
	}
	var cases []Case
	for _, suite := range suites.Suites {
		cases = append(cases, suite.Cases...)
	}
	return cases, nil
}
