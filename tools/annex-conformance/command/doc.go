// Package command is the command line of the conformance kit: it finds out what is to be tried in which cluster, has it run, and tells
// what came of it. tools/annex-conformance is its program, and tools/annex has it as a subcommand.
package command
