// Package gopath makes private copies of Go source trees, in GOPATH layout.
//
// Kubernetes' code generators write next to the packages that they read: run in module mode, they can write into the module
// cache that all of a user's projects share. In a GOPATH of their own they find their imports by path alone, without modules,
// network or cache, and can write nowhere else.
package gopath
