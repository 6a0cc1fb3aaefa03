package storagetest_test

import (
	"flag"
	"sync"
	"testing"

	"example.com/annex/shared/storage/postgrestest"
	"example.com/annex/shared/storage/storagetest"
	"example.com/annex/shared/storage/storagetest/backends"
)

var podsPerNamespace = flag.Int("pods", 20, "how many pods a namespace has in benchmarks; there are 50 namespaces")

// TestStorage has everything on every backend. To run a part: -run TestStorage/SQLite/store/List.
func TestStorage(t *testing.T) {
	storagetest.Run(t, backends.SQLite(), backends.PostgreSQL(oneServer(t)), backends.Etcd())
}

// BenchmarkStorage has upstream's benchmarks on every backend, with less in the store than upstream: -pods 3000 is its
// size. To run a part: -bench BenchmarkStorage/SQLite/store/WriteThroughput.
func BenchmarkStorage(b *testing.B) {
	size := storagetest.Size{Namespaces: 50, PodsPerNamespace: *podsPerNamespace, Nodes: 5000}
	storagetest.Benchmark(b, size, backends.SQLite(), backends.PostgreSQL(oneServer(b)), backends.Etcd())
}

// BenchmarkOperations has single requests on every backend. To run a part: -bench BenchmarkOperations/Create.
func BenchmarkOperations(b *testing.B) {
	storagetest.BenchmarkOperations(b, backends.SQLite(), backends.PostgreSQL(oneServer(b)), backends.Etcd())
}

// oneServer starts a PostgreSQL server when it is needed first, for all that t runs.
func oneServer(t testing.TB) func() *postgrestest.Server {
	return sync.OnceValue(func() *postgrestest.Server { return postgrestest.New(t) })
}
