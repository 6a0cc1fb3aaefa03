package main

import (
	"strings"
	"testing"

	"golang.org/x/perf/benchfmt"
)

func TestTable(t *testing.T) {
	for _, test := range []struct {
		name, output, table, err string
	}{
		{
			name: "ratios are of the medians",
			output: `goos: linux
BenchmarkOperations/Get/parallel=true/backend=SQLite-2  100  1000 ns/op
BenchmarkOperations/Get/parallel=true/backend=SQLite-2  100  1100 ns/op
BenchmarkOperations/Get/parallel=true/backend=SQLite-2  100  3000 ns/op
BenchmarkOperations/Get/parallel=true/backend=PostgreSQL-2  100  123456 ns/op
BenchmarkOperations/Get/parallel=true/backend=kine,_SQLite-2  100  2200 ns/op  7 B/op
BenchmarkStorage/StoreStats/backend=SQLite-2  100  5 ns/op
`,
			table: `| | SQLite | PostgreSQL | kine, SQLite |
|---|---|---|---|
| Operations Get parallel=true | 1.1µs (±173%) | 123µs (±0%) | 2.2µs (±0%) × 2.0, 0.0 |
| Storage StoreStats | 5ns (±0%) | - | - |
`,
		},
		{name: "nothing", output: "PASS\n", err: "there are no results"},
		{name: "no backend", output: "BenchmarkOther-2  1  1 ns/op\n", err: "does not say backend="},
		{name: "no time", output: "BenchmarkOther/backend=a-2  1  1 writes/s\n", err: "no time per operation"},
	} {
		t.Run(test.name, func(t *testing.T) {
			table, err := tabulate(strings.NewReader(test.output))
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Fatalf("the error is %v, not %q", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if table != test.table {
				t.Errorf("got\n%s\nwant\n%s", table, test.table)
			}
		})
	}
}

func tabulate(output *strings.Reader) (string, error) {
	results := newResults()
	reader := benchfmt.NewReader(output, "test")
	for reader.Scan() {
		if result, ok := reader.Result().(*benchfmt.Result); ok {
			if err := results.add(result); err != nil {
				return "", err
			}
		}
	}
	var b strings.Builder
	err := results.write(&b)
	return b.String(), err
}
