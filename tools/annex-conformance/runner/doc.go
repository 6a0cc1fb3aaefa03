// Package runner runs the features of e2e/conformance outside of go test.
//
// Features are written for package testing, which runs them once in a process that it ends. So [Run] starts the program itself a
// second time, as a child whose main calls [Child]; the child runs the features as tests, announces what becomes of them on its
// standard output, and ends early when its standard input does. A test that panics takes the child along, and nothing else: Run
// tells of it, and removes what is left in the cluster.
package runner
