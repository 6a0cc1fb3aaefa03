package storagetest_test

import (
	"flag"
	"strconv"
	"strings"
	"sync"
	"testing"

	"example.com/annex/shared/storage/postgrestest"
	"example.com/annex/shared/storage/storagetest"
	"example.com/annex/shared/storage/storagetest/backends"
)

var (
	podsPerNamespace = flag.Int("pods", 20, "how many pods a namespace has in benchmarks; there are 50 namespaces")
	objects          = flag.String("objects", "1000", "how many objects TestGrowth measures with: numbers, with commas between them")
)

// TestStorage has everything on every backend. To run a part: -run TestStorage/SQLite/store/List.
func TestStorage(t *testing.T) {
	storagetest.Run(t, backends.SQLite(), backends.PostgreSQL(oneServer(t)), backends.Etcd())
}

// BenchmarkStorage has upstream's benchmarks on every backend, with less in the store than upstream: -pods 3000 is its
// size. To run a part: -bench BenchmarkStorage/layer=store/WriteThroughput.
func BenchmarkStorage(b *testing.B) {
	size := storagetest.Size{Namespaces: 50, PodsPerNamespace: *podsPerNamespace, Nodes: 5000}
	storagetest.Benchmark(b, size, backends.SQLite(), backends.PostgreSQL(oneServer(b)), backends.Etcd())
}

// BenchmarkOperations has single requests on every backend. To run a part: -bench BenchmarkOperations/Create.
func BenchmarkOperations(b *testing.B) {
	storagetest.BenchmarkOperations(b, backends.SQLite(), backends.PostgreSQL(oneServer(b)), backends.Etcd())
}

// TestGrowth measures what more and more objects cost, and logs a table. -objects 1000,10000,100000,1000000 takes some minutes and
// gigabytes, of memory and disk.
func TestGrowth(t *testing.T) {
	var sizes []int
	for size := range strings.SplitSeq(*objects, ",") {
		count, err := strconv.Atoi(size)
		if err != nil || count < 1 {
			t.Fatalf("-objects %s: %q is no number of objects", *objects, size)
		}
		sizes = append(sizes, count)
	}
	storagetest.Growth(t, sizes, backends.SQLite(), backends.PostgreSQL(oneServer(t)))
}

// oneServer starts a PostgreSQL server when it is needed first, for all that t runs.
func oneServer(t testing.TB) func() *postgrestest.Server {
	return sync.OnceValue(func() *postgrestest.Server { return postgrestest.New(t) })
}
