// Package netns runs a program in a network namespace of its own, in which lo
// has an address that is not loopback's.
//
// kube-apiserver with --enable-aggregator-routing dials the addresses of
// EndpointSlices, and these may not be loopback's. A server that runs as an
// ordinary process therefore needs another address, which only root may give a
// machine; but anyone may have a network namespace, with a user namespace around
// it.
package netns
