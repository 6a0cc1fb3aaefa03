package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"golang.org/x/perf/benchfmt"
)

const (
	// backendKey is the part of a name that says which column a result is in.
	backendKey = "backend="

	// unit is what is shown: benchfmt makes it of ns/op.
	unit = "sec/op"

	// measured is how many columns, from the left, the others are compared with.
	measured = 2
)

// results are the times of all benchmarks, in the order in which they came.
type results struct {
	rows, columns []string
	times         map[[2]string][]float64
}

func newResults() *results { return &results{times: map[[2]string][]float64{}} }

// add takes a line of the output. One that is not of a backend is an error.
func (r *results) add(result *benchfmt.Result) error {
	value, ok := result.Value(unit)
	if !ok {
		return fmt.Errorf("benchmark %s has no time per operation", result.Name)
	}
	base, parts := result.Name.Parts()
	row, column := string(base), ""
	for _, part := range parts {
		text := strings.TrimPrefix(string(part), "/")
		switch name, found := strings.CutPrefix(text, backendKey); {
		case found:
			column = strings.ReplaceAll(name, "_", " ")
		case strings.HasPrefix(text, "-"): // The number of processors.
		default:
			row += " " + text
		}
	}
	if column == "" {
		return fmt.Errorf("the name of benchmark %s does not say %s", result.Name, backendKey)
	}
	if !slices.Contains(r.rows, row) {
		r.rows = append(r.rows, row)
	}
	if !slices.Contains(r.columns, column) {
		r.columns = append(r.columns, column)
	}
	key := [2]string{row, column}
	r.times[key] = append(r.times[key], value)
	return nil
}

func (r *results) write(w io.Writer) error {
	if len(r.rows) == 0 {
		return errors.New("there are no results in the output")
	}
	var b strings.Builder
	fmt.Fprintf(&b, "| | %s |\n|---|%s\n", strings.Join(r.columns, " | "), strings.Repeat("---|", len(r.columns)))
	for _, row := range r.rows {
		fmt.Fprintf(&b, "| %s ", row)
		for i, column := range r.columns {
			b.WriteString("| " + r.cell(row, column))
			if i >= measured {
				b.WriteString(r.ratios(row, column))
			}
			b.WriteByte(' ')
		}
		b.WriteString("|\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *results) cell(row, column string) string {
	times := r.times[[2]string{row, column}]
	if len(times) == 0 {
		return "-"
	}
	middle := median(times)
	spread := 0.0
	for _, t := range times {
		spread = max(spread, math.Abs(t-middle)/middle)
	}
	return fmt.Sprintf("%s (±%.0f%%)", duration(middle), 100*spread)
}

// ratios are how many times as long a backend takes as each of the first ones.
func (r *results) ratios(row, column string) string {
	own := r.times[[2]string{row, column}]
	var factors []string
	for _, other := range r.columns[:min(measured, len(r.columns))] {
		times := r.times[[2]string{row, other}]
		if len(own) == 0 || len(times) == 0 {
			return ""
		}
		factors = append(factors, fmt.Sprintf("%.1f", median(own)/median(times)))
	}
	return " × " + strings.Join(factors, ", ")
}

// median is the middle one; of an even number, the mean of the two in the middle.
func median(of []float64) float64 {
	sorted := slices.Sorted(slices.Values(of))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// duration has three digits.
func duration(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	digits := time.Duration(1)
	for d/digits >= 1000 {
		digits *= 10
	}
	return d.Round(digits).String()
}
