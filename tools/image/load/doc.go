// Package load brings an image onto a machine: into a container engine, into the nodes of a kind cluster, or into a file.
package load
