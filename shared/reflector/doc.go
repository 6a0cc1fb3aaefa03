// Package reflector keeps, in memory and in step, what other API servers serve, for resources that are computed from it.
//
// It is client-go's reflector, which an informer is made of, with what an informer doesn't have: it knows whether its store is in
// step, and says so to whoever wants to read it. An informer's HasSynced stays true for good once everything was read, however
// long ago the watch broke.
//
// A resource asks its server's [Set] for a [Reflector] of each resource that it is computed from, and begins every answer with
// [InStep]; the example is the whole of it. Who can ask the other server himself, as an admission plugin about one object, looks at
// [Reflector.InStepNow] instead, and waits for nothing.
//
// What is read after InStep has returned nil is what the other server has told by its watch, which lags by milliseconds. A
// broken watch is noticed at once where a connection is closed, and where one only falls silent within 45 seconds: after 30
// seconds without a frame both client-go and kube-apiserver ask whether the other side is there, and wait for 15 more
// (k8s.io/apimachinery/pkg/util/net.SetTransportDefaults). A gap that is shorter than [Grace], as while a server restarts, is
// waited for. After a longer one everything is read anew, before anything is in step again.
//
// A gap begins when a watch is found to have ended, for whatever reason, its timeout among them; before the first watch, when the
// list that it goes on from was read. It ends when the server has answered the next watch with its headers: not when that was
// asked for, since a server that hangs takes the request, too. A watch that opens after Grace is closed again, unused. One that
// streams everything itself is no end of a gap before the bookmark that says so. The silence of a watch that is still open, up to
// the 45 seconds, is no gap: nobody knows of it yet.
//
// The metric annex_reflector_in_step, 0 or 1 for each resource, tells the same to whoever runs the server. It is no part of
// /readyz: a server that can't compute its answers still has discovery and OpenAPI to give, which the rest of the cluster waits
// for.
package reflector
