// Skew runs end-to-end suites on a control plane of each version of Kubernetes that there is a module of, and prints a table of what
// passed, failed and was skipped where.
//
//	./tools/bazel run //tools/skew
//	./tools/bazel run //tools/skew -- -kubernetes=1.35,1.37 //e2e/capacity:all
//
// Without Bazel, -bin is a directory with a directory for each version, of etcd, kube-apiserver, kube-controller-manager and kubectl:
//
//	go run ./tools/skew -bin ~/kubernetes ./e2e/capacity
//
// Each test counts, subtests and what they are part of, as in //tools/testtotals. What was skipped on a version, and why, stands below
// the table. The exit code is 1 if a test failed on any version, or if none ran on one.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"example.com/annex/shared/version"
)

// known are the versions that Bazel builds, separated by commas: tools/controlplane/kubernetes/versions.bzl.
var known string

// suites are those that run unless others are asked for.
var suites = []string{"access", "capacity", "cbor", "conformance", "embedded", "insight", "inventory", "topology"}

// runner runs suites with the programs of one version. The output of the tests goes to standard error.
type runner func(ctx context.Context, version string, suites []string) (map[string]counts, error)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	failed, err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "skew:", err)
	}
	if err != nil || failed {
		os.Exit(1)
	}
}

func run(ctx context.Context) (failed bool, err error) {
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: skew [flags] [SUITE...]\nA SUITE is a target of Bazel or, with -bin, a Go package.")
		flag.PrintDefaults()
	}
	kubernetes := flag.String("kubernetes", "", "the `versions` to run with, separated by commas: 1.35,1.36. The default is all that there are")
	bin := flag.String("bin", "", "run without Bazel: a `directory` with a directory of programs for each version")
	version.AddFlag(flag.CommandLine)
	flag.Parse()

	var runSuites runner
	var versions []string
	pattern := "//e2e/%s:%[1]s_test"
	if *bin != "" {
		pattern, runSuites = "./e2e/%s", withGo(*bin)
		versions, err = directories(*bin)
	} else {
		runSuites, err = withBazel(os.Getenv("BUILD_WORKSPACE_DIRECTORY"))
		versions = strings.Split(known, ",")
	}
	if err != nil {
		return false, err
	}
	if *kubernetes != "" {
		versions = strings.Split(*kubernetes, ",")
	}
	asked := flag.Args()
	if len(asked) == 0 {
		for _, suite := range suites {
			asked = append(asked, fmt.Sprintf(pattern, suite))
		}
	}
	var t table
	for _, v := range versions {
		fmt.Fprintf(os.Stderr, "skew: Kubernetes %s\n", v)
		results, err := runSuites(ctx, v, asked)
		if err != nil {
			return false, fmt.Errorf("running suites on Kubernetes %s: %w", v, err)
		}
		t.add(v, results)
	}
	return t.failed(), t.print(os.Stdout)
}
