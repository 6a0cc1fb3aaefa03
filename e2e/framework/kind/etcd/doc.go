// Package etcd is an etcd inside of a cluster of kind's, where servers keep their objects. Its data live as long as its Pod.
package etcd
