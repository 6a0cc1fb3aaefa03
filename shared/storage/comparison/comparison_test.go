package comparison

import (
	"flag"
	"sync"
	"testing"

	"example.com/annex/shared/storage/postgrestest"
	"example.com/annex/shared/storage/storagetest"
	"example.com/annex/shared/storage/storagetest/backends"
)

var podsPerNamespace = flag.Int("pods", 20, "how many pods a namespace has in upstream's benchmarks; there are 50 namespaces")

// BenchmarkStorage has upstream's benchmarks: -pods 3000 is upstream's size.
func BenchmarkStorage(b *testing.B) {
	storagetest.Benchmark(b, storagetest.Size{Namespaces: 50, PodsPerNamespace: *podsPerNamespace, Nodes: 5000}, compared(b)...)
}

// BenchmarkOperations has single requests.
func BenchmarkOperations(b *testing.B) {
	storagetest.BenchmarkOperations(b, compared(b)...)
}

func compared(b *testing.B) []storagetest.Backend {
	server := sync.OnceValue(func() *postgrestest.Server { return postgrestest.New(b) })
	return []storagetest.Backend{
		backends.SQLite(), backends.PostgreSQL(server), backends.Etcd(), kineOnSQLite(), kineOnPostgreSQL(server),
	}
}
