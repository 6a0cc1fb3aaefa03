package storagetest

import (
	"fmt"
	"strings"
	"testing"

	storagetesting "k8s.io/apiserver/pkg/storage/testing"
	"k8s.io/klog/v2"
)

// Size is how much there is in a store while a benchmark runs.
type Size struct {
	Namespaces, PodsPerNamespace, Nodes int
}

func (s Size) String() string {
	return fmt.Sprintf("Namespaces=%d/Pods=%d/Nodes=%d", s.Namespaces, s.Namespaces*s.PodsPerNamespace, s.Nodes)
}

// Benchmark runs upstream's benchmarks on each backend, bare and under the watch cache: the throughput of writes, lists,
// and statistics. Upstream's own size is 50 namespaces of 3000 pods, and 5000 nodes.
func Benchmark(b *testing.B, size Size, backends ...Backend) {
	silence(b)
	data := storagetesting.PrepareBenchmarkData(size.Namespaces, size.PodsPerNamespace, size.Nodes)
	for _, l := range []layer{bare, cached} {
		for _, benchmark := range []struct {
			name string
			run  func(*testing.B, *subject)
		}{
			{"WriteThroughput", func(b *testing.B, s *subject) {
				storagetesting.RunBenchmarkWriteThroughput(b.Context(), b, s, data, l == cached, nil)
			}},
			{"StoreList", func(b *testing.B, s *subject) {
				if err := storagetesting.PrecreateBenchmarkPods(b.Context(), s, data); err != nil {
					b.Fatal(err)
				}
				storagetesting.RunBenchmarkStoreList(b.Context(), b, s, data, l == cached)
			}},
			{"StoreStats", func(b *testing.B, s *subject) {
				if err := storagetesting.PrecreateBenchmarkPods(b.Context(), s, data); err != nil {
					b.Fatal(err)
				}
				storagetesting.RunBenchmarkStoreStats(b.Context(), b, s)
			}},
		} {
			for _, backend := range backends {
				b.Run(fmt.Sprintf("%s/%s/%s/%s", l.key(), benchmark.name, size, key(backend)), func(b *testing.B) {
					benchmark.run(b, newSubject(b, backend, l, setup{large: true, indexed: true}))
				})
			}
		}
	}
}

// silence has the watch cache and its like say nothing, as that would be in the midst of the results.
func silence(b *testing.B) {
	klog.SetLogger(klog.Logger{})
	b.Cleanup(klog.ClearLogger)
}

// key is the part of a benchmark's name that says which backend it is of, as golang.org/x/perf/benchfmt has them.
func key(b Backend) string { return "backend=" + strings.ReplaceAll(b.Name(), " ", "_") }

// key is the same for the layer.
func (l layer) key() string { return "layer=" + strings.ReplaceAll(string(l), " ", "_") }
