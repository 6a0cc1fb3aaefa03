package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// counts are what a suite came to.
type counts struct {
	passed, failed int
	// skipped counts by reason.
	skipped map[string]int
	took    time.Duration
}

func (c *counts) skip(reason string) {
	if c.skipped == nil {
		c.skipped = map[string]int{}
	}
	c.skipped[reason]++
}

func (c *counts) add(other counts) {
	c.passed += other.passed
	c.failed += other.failed
	for reason, n := range other.skipped {
		if c.skipped == nil {
			c.skipped = map[string]int{}
		}
		c.skipped[reason] += n
	}
	c.took += other.took
}

func (c counts) String() string {
	skipped := 0
	for _, n := range c.skipped {
		skipped += n
	}
	return fmt.Sprintf("%d passed, %d failed, %d skipped, %.0f s", c.passed, c.failed, skipped, c.took.Seconds())
}

// table has a column for each version, and a row for each suite.
type table struct {
	versions []string
	suites   map[string]map[string]counts // By suite and version.
}

func (t *table) add(version string, results map[string]counts) {
	t.versions = append(t.versions, version)
	if t.suites == nil {
		t.suites = map[string]map[string]counts{}
	}
	for suite, c := range results {
		if t.suites[suite] == nil {
			t.suites[suite] = map[string]counts{}
		}
		t.suites[suite][version] = c
	}
}

// all is what a version came to.
func (t *table) all(version string) counts {
	var sum counts
	for _, byVersion := range t.suites {
		sum.add(byVersion[version])
	}
	return sum
}

// failed says whether a test failed, or none passed on a version.
func (t *table) failed() bool {
	return len(t.versions) == 0 || slices.ContainsFunc(t.versions, func(version string) bool {
		sum := t.all(version)
		return sum.failed > 0 || sum.passed == 0
	})
}

// print writes the table as Markdown.
func (t *table) print(w io.Writer) error {
	var b strings.Builder
	row := func(name string, cell func(version string) string) {
		b.WriteString("| " + name)
		for _, version := range t.versions {
			b.WriteString(" | " + cell(version))
		}
		b.WriteString(" |\n")
	}
	row("Suite", func(version string) string { return "Kubernetes " + version })
	row("---", func(string) string { return "---" })
	for _, suite := range slices.Sorted(maps.Keys(t.suites)) {
		row(suite, func(version string) string {
			if c, ran := t.suites[suite][version]; ran {
				return c.String()
			}
			return "did not run"
		})
	}
	row("all", func(version string) string { return t.all(version).String() })
	for _, version := range t.versions {
		skipped := t.all(version).skipped
		if len(skipped) > 0 {
			fmt.Fprintf(&b, "\nSkipped on %s:\n", version)
		}
		for _, reason := range slices.Sorted(maps.Keys(skipped)) {
			fmt.Fprintf(&b, "- %d, %s\n", skipped[reason], reason)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
