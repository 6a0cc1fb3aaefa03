// Package reflector keeps, in memory and in step, what other API servers serve, for resources that are computed from it.
//
// It is client-go's reflector, which an informer is made of, with what an informer doesn't have: it knows whether its store is in
// step, and says so to whoever wants to read it. An informer's HasSynced stays true for good once everything was read, however
// long ago the watch broke.
//
// A resource asks its server's [Set] for a [Reflector] of each resource that it is computed from, and begins every answer with
// [InStep]; the example is the whole of it.
//
// What is read after InStep has returned nil is what the other server has told by its watch, which lags by milliseconds. A
// broken watch is noticed at once where a connection is closed, and where one only falls silent within 45 seconds: after 30
// seconds without a frame both client-go and kube-apiserver ask whether the other side is there, and wait for 15 more
// (k8s.io/apimachinery/pkg/util/net.SetTransportDefaults). A gap that is shorter than [Grace], as while a server restarts, is
// waited for. After a longer one everything is read anew, before anything is in step again.
//
// The metric annex_reflector_in_step, 0 or 1 for each resource, tells the same to whoever runs the server. It is no part of
// /readyz: a server that can't compute its answers still has discovery and OpenAPI to give, which the rest of the cluster waits
// for.
package reflector
