package storagetest

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/apis/example"
	"k8s.io/apiserver/pkg/storage"
)

const (
	// OperationObjects is how many objects there are while [BenchmarkOperations] runs.
	OperationObjects = 1000

	// ObjectBytes is about how large they are, as JSON.
	ObjectBytes = 1024

	// operationPage is how many objects a page has: what kubectl asks for (--chunk-size).
	operationPage = 500

	// operationParallelism is how many requests there are at once for each processor: upstream's number
	// (RunBenchmarkWriteThroughput).
	operationParallelism = 25
)

// operation is one request.
type operation struct {
	name string
	// prepare makes what the n requests need, before they are measured; nil if there is nothing to make.
	prepare func(ctx context.Context, s *subject, n int) error
	// do is request i of those.
	do func(ctx context.Context, s *subject, i int) error
	// cached says that the watch cache has something to do with it.
	cached bool
}

// BenchmarkOperations measures single requests on each backend: one after another, and many at once, bare and, where it
// makes a difference, under the watch cache. What is compared is measured one right after the other.
func BenchmarkOperations(b *testing.B, backends ...Backend) {
	silence(b)
	for _, l := range []layer{bare, cached} {
		subjects := make([]*subject, len(backends))
		for i, backend := range backends {
			subjects[i] = newSubject(b, backend, l, setup{large: true, json: true})
			if err := fill(b.Context(), subjects[i], OperationObjects); err != nil {
				b.Fatal(err)
			}
		}
		for _, o := range operations() {
			if l == cached && !o.cached {
				continue
			}
			for _, parallel := range []bool{false, true} {
				for i, backend := range backends {
					b.Run(fmt.Sprintf("%s/%s/parallel=%v/%s", o.name, l.key(), parallel, key(backend)), func(b *testing.B) {
						o.measure(b, subjects[i], parallel)
					})
				}
			}
		}
	}
}

// created counts the objects that benchmarks make, so that each has a name of its own.
var created atomic.Int64

func operations() []operation {
	var first int64
	reserve := func(_ context.Context, _ *subject, n int) error {
		first = created.Add(int64(n)) - int64(n)
		return nil
	}
	passing := func(i int) *example.Pod { return object("passing", int(first)+i) }
	list := func(limit int64) func(context.Context, *subject, int) error {
		return func(ctx context.Context, s *subject, _ int) error {
			var pods example.PodList
			predicate := storage.Everything
			predicate.Limit = limit
			// The objects of other operations are in another namespace.
			if err := s.GetList(ctx, ResourcePrefix+"staying", storage.ListOptions{Recursive: true, Predicate: predicate}, &pods); err != nil {
				return err
			}
			want := OperationObjects
			if limit > 0 {
				want = int(limit)
			}
			if len(pods.Items) != want {
				return fmt.Errorf("the list has %d objects, not %d", len(pods.Items), want)
			}
			return nil
		}
	}
	return []operation{
		{name: "Create", cached: true, prepare: reserve, do: func(ctx context.Context, s *subject, i int) error {
			pod := passing(i)
			return s.Create(ctx, objectKey(pod), pod, &example.Pod{}, 0)
		}},
		{name: "Update", cached: true, do: func(ctx context.Context, s *subject, i int) error {
			pod := object("staying", i%OperationObjects)
			return s.GuaranteedUpdate(ctx, objectKey(pod), &example.Pod{}, false, nil, storage.SimpleUpdate(increment), nil)
		}},
		{name: "Delete", cached: true, prepare: func(ctx context.Context, s *subject, n int) error {
			if err := reserve(ctx, s, n); err != nil {
				return err
			}
			return each(ctx, n, func(ctx context.Context, i int) error {
				pod := passing(i)
				return s.Create(ctx, objectKey(pod), pod, nil, 0)
			})
		}, do: func(ctx context.Context, s *subject, i int) error {
			return s.Delete(ctx, objectKey(passing(i)), &example.Pod{}, nil, storage.ValidateAllObjectFunc, nil, storage.DeleteOptions{})
		}},
		// Under the watch cache, a Get of the newest goes to the store.
		{name: "Get", do: func(ctx context.Context, s *subject, i int) error {
			return s.Get(ctx, objectKey(object("staying", i%OperationObjects)), storage.GetOptions{}, &example.Pod{})
		}},
		{name: fmt.Sprintf("ListPage%d", operationPage), cached: true, do: list(operationPage)},
		{name: fmt.Sprintf("List%d", OperationObjects), cached: true, do: list(0)},
	}
}

func (o operation) measure(b *testing.B, s *subject, parallel bool) {
	ctx := b.Context()
	if o.prepare != nil {
		if err := o.prepare(ctx, s, b.N); err != nil {
			b.Fatal(err)
		}
	}
	b.ResetTimer()
	if !parallel {
		for i := range b.N {
			if err := o.do(ctx, s, i); err != nil {
				b.Fatal(err)
			}
		}
		return
	}
	var next atomic.Int64
	b.SetParallelism(operationParallelism)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := o.do(ctx, s, int(next.Add(1))-1); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// fill creates objects, in the order of their names as far as it matters.
func fill(ctx context.Context, s storage.Interface, count int) error {
	return each(ctx, count, func(ctx context.Context, i int) error {
		pod := object("staying", i)
		if err := s.Create(ctx, objectKey(pod), pod, nil, 0); err != nil {
			return fmt.Errorf("creating object %d of %d: %w", i, count, err)
		}
		return nil
	})
}

// object is the ith of a namespace.
func object(namespace string, i int) *example.Pod {
	pod := &example.Pod{}
	pod.Namespace, pod.Name = namespace, fmt.Sprintf("object-%07d", i)
	pod.Labels = map[string]string{"app": "benchmark"}
	pod.Annotations = map[string]string{"payload": payload}
	return pod
}

// payload makes objects as large as they are to be: the rest takes about 200 bytes.
var payload = strings.Repeat("0123456789abcdef", (ObjectBytes-200)/16)

func objectKey(pod *example.Pod) string { return ResourcePrefix + pod.Namespace + "/" + pod.Name }

// increment changes a pod.
func increment(obj runtime.Object) (runtime.Object, error) {
	pod := obj.(*example.Pod)
	pod.Generation++
	return pod, nil
}
