// Package trace remembers what was asked of a cluster and what it answered, so that whoever reads of a failure need not
// guess. A [Trace] travels in the context: the runner puts one there for each feature, and the clients of package step
// write to it.
package trace
