// Package node makes the image of kind's nodes out of what a machine without a registry has: packages of Debian, kind's
// own files from its Go module, and programs that were built from source. The last step is kind's own, in a Docker that
// may be an [example.com/annex/tools/kind/engine].
package node
