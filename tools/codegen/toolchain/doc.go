// Package toolchain finds what runs of code generators need: the programs, a Go SDK, and the sources of what API packages
// import.
//
// Under Bazel all three are built or fetched by it and lie in the runfiles. Without Bazel they come from the checkout's go.mod,
// through the go command.
package toolchain
