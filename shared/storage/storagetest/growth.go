package storagetest

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/apiserver/pkg/apis/example"
	"k8s.io/apiserver/pkg/storage"
)

// growthRequests is how many of each kind [Growth] measures, one after another.
const growthRequests = 500

// growth is what a server needs when it has so many objects.
type growth struct {
	backend string
	objects int
	// storeHeap is what the store keeps in memory once they are written, cacheHeap what it keeps with the watch cache.
	storeHeap, cacheHeap int64
	// database is what the processes of the database have in memory, if they are not this one.
	database string
	// load is how long it took to write them, start how long the watch cache takes to be filled.
	load, start time.Duration
	// get and page are of the bare store; update is through the watch cache, delivery how long after its beginning a watch
	// on the watch cache has it; cachePage is a page from the watch cache that is not older than the request.
	get, page, cachePage, update, delivery latencies
}

// Growth measures what more and more objects cost, of about [ObjectBytes] each: memory, latencies, and the start of the
// watch cache. It logs a table in Markdown.
func Growth(t *testing.T, sizes []int, backends ...Backend) {
	var rows []growth
	t.Cleanup(func() { t.Log("\n" + growthTable(rows)) })
	for _, backend := range backends {
		for _, size := range sizes {
			t.Run(fmt.Sprintf("%s/%d", backend.Name(), size), func(t *testing.T) {
				rows = append(rows, grow(t, backend, size))
			})
		}
	}
}

func grow(t *testing.T, backend Backend, objects int) growth {
	ctx := t.Context()
	result := growth{backend: backend.Name(), objects: objects}
	before := heap()
	s := newSubject(t, backend, bare, setup{large: true, json: true})
	start := time.Now()
	if err := fill(ctx, s, objects); err != nil {
		t.Fatal(err)
	}
	result.load = time.Since(start)
	result.storeHeap = heap() - before

	name := func(i int) *example.Pod { return object("staying", i*7919%objects) }
	page := func(ctx context.Context, from storage.Interface) error {
		predicate := storage.Everything
		predicate.Limit = operationPage
		return from.GetList(ctx, ResourcePrefix, storage.ListOptions{Recursive: true, Predicate: predicate}, &example.PodList{})
	}
	result.get = sample(t, func(i int) error {
		return s.Get(ctx, objectKey(name(i)), storage.GetOptions{}, &example.Pod{})
	})
	result.page = sample(t, func(int) error { return page(ctx, s) })

	start = time.Now()
	cache := newCache(t, s.instance.Restarted(), s.codec, setup{})
	result.start = time.Since(start)
	result.cacheHeap = heap() - before
	result.cachePage = sample(t, func(int) error { return page(ctx, cache) })

	current, err := cache.GetCurrentResourceVersion(ctx)
	if err != nil {
		t.Fatal(err)
	}
	events, err := cache.Watch(ctx, ResourcePrefix, storage.ListOptions{ResourceVersion: strconv.FormatUint(current, 10), Recursive: true, Predicate: storage.Everything})
	if err != nil {
		t.Fatal(err)
	}
	defer events.Stop()
	var updates, deliveries []time.Duration
	for i := range growthRequests {
		start := time.Now()
		received := make(chan error, 1)
		go func() {
			event, open := <-events.ResultChan()
			deliveries = append(deliveries, time.Since(start))
			if !open || event.Type != watch.Modified {
				received <- fmt.Errorf("the watch has %v, not an update", event)
			}
			close(received)
		}()
		if err := cache.GuaranteedUpdate(ctx, objectKey(name(i)), &example.Pod{}, false, nil, storage.SimpleUpdate(increment), nil); err != nil {
			t.Fatal(err)
		}
		updates = append(updates, time.Since(start))
		select {
		case err := <-received:
			if err != nil {
				t.Fatal(err)
			}
		case <-time.After(time.Minute):
			t.Fatalf("the watch does not have update %d after a minute", i)
		}
	}
	result.update, result.delivery = newLatencies(updates), newLatencies(deliveries)

	result.database = "-"
	if memory := s.instance.Memory; memory != nil {
		bytes, err := memory()
		if err != nil {
			t.Fatal(err)
		}
		result.database = mebibytes(bytes)
	}
	return result
}
