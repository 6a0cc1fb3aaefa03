// Package layer makes layers of container images out of files: the same bytes for the same files, in whatever order they
// are given, whenever they were written, and whoever owns them.
package layer
