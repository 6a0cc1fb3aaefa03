package main

import (
	"bufio"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
)

// result is one target's run: a shard, or one of several attempts. Of a target that could not be built it is all there is.
type result struct {
	target string
	passed bool
	cached bool
	cases  []testcase
}

// testcase is one test in a JUnit report as rules_go writes it.
type testcase struct {
	Name    string    `xml:"name,attr"`
	Skipped *message  `xml:"skipped"`
	Failure []message `xml:"failure"`
	Error   []message `xml:"error"`
}

type message struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
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

// read reads the events of a run, and the reports that they point to.
func read(path string) ([]result, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var results []result
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
				results = append(results, result{target: t.Label})
			}
		}
		if t := e.ID.TargetCompleted; t != nil && tests[t.Label] && e.failed() {
			results = append(results, result{target: t.Label})
		}
		if e.ID.TestResult == nil || e.TestResult == nil {
			continue
		}
		r := result{
			target: e.ID.TestResult.Label,
			passed: e.TestResult.Status == "PASSED",
			cached: e.TestResult.CachedLocally,
		}
		for _, output := range e.TestResult.Outputs {
			if output.Name != "test.xml" {
				continue
			}
			if r.cases, err = report(output.URI); err != nil {
				return nil, fmt.Errorf("reading the report of %s: %w", r.target, err)
			}
		}
		results = append(results, r)
	}
}

func report(uri string) ([]testcase, error) {
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
			Cases []testcase `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(text, &suites); err != nil {
		return nil, fmt.Errorf("%s: %w", location.Path, err)
	}
	var cases []testcase
	for _, suite := range suites.Suites {
		cases = append(cases, suite.Cases...)
	}
	return cases, nil
}
