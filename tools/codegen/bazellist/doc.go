// Package bazellist writes the list of API packages as a Starlark file. Bazel can't find packages by a pattern of their
// directories, and the test that generated code is in step needs all of them as its inputs.
package bazellist
