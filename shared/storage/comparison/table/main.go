// Table makes a Markdown table of what `go test -bench` printed: a row for each benchmark, a column for each backend.
//
//	go test -run '^$' -bench . -count 3 | go run ./table
//
// A cell has the median, and in brackets by how much the measurements differ from it at most. For what is a time per
// operation, the backends after the first two have how many times as long they take as each of these two.
package main

import (
	"fmt"
	"os"

	"golang.org/x/perf/benchfmt"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "table:", err)
		os.Exit(1)
	}
}

func run() error {
	results := newResults()
	reader := benchfmt.NewReader(os.Stdin, "stdin")
	for reader.Scan() {
		if result, ok := reader.Result().(*benchfmt.Result); ok {
			if err := results.add(result); err != nil {
				return err
			}
		}
	}
	if err := reader.Err(); err != nil {
		return fmt.Errorf("reading the benchmarks' output: %w", err)
	}
	return results.write(os.Stdout)
}
