// Testtotals says how many tests a Bazel run passed, failed and skipped.
//
//	./tools/bazel test --build_event_json_file=events.json //...
//	./tools/bazel run //tools/testtotals -- events.json
//
// A target holds many tests: each one in the targets' own reports (test.xml) counts; a test target that could not be
// built counts as one that failed. Every skipped test is named with its reason, every failed one with its target. The
// last line is "N passed, N failed, N skipped". The exit code is 1 if a test failed, or if none ran.
package main

import (
	"flag"
	"fmt"
	"os"

	"example.com/annex/shared/version"
	"example.com/annex/tools/testevents"
)

func main() {
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: testtotals FILE\nFILE is what bazel test --build_event_json_file wrote.")
		flag.PrintDefaults()
	}
	version.AddFlag(flag.CommandLine)
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	results, err := testevents.Read(flag.Arg(0))
	if err != nil {
		fmt.Fprintln(os.Stderr, "testtotals:", err)
		os.Exit(1)
	}
	totals := sum(results)
	totals.print(os.Stdout)
	if totals.passed == 0 || len(totals.failed) > 0 {
		os.Exit(1)
	}
}
