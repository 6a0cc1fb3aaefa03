// Package storagetest holds an implementation of storage.Interface to upstream's tests of it: all that
// k8s.io/apiserver/pkg/storage/testing exports, on the bare store and under the watch cache.
//
// A [Backend] makes stores; package backends has some. [Run] runs everything on some, and prints what passed:
//
//	func TestStorage(t *testing.T) {
//		storagetest.Run(t, backends.SQLite(), backends.Etcd())
//	}
//
// Which arguments a test gets is what upstream gives it for etcd3's store (etcd3/store_test.go, etcd3/watcher_test.go)
// and for its watch cache (cacher/cacher_test.go). Upstream leaves some tests out under the watch cache; here they are
// run, too, as far as they can pass whatever the store is. [Benchmark] runs upstream's benchmarks,
// [BenchmarkOperations] single requests, and [Growth] measures what more and more objects cost.
//
// The tests change feature gates, which are the process's: they can't be run in parallel.
package storagetest
