package reservations

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	"example.com/annex/e2e/step"
	"example.com/annex/servers/client/clientset/versioned"
	"example.com/annex/servers/client/informers/externalversions"
)

// Events are what an informer has heard of Reservations.
type Events struct {
	mu             sync.Mutex
	added, removed map[string]int
	refused        []string // of the requests of the informer
	watches, lists atomic.Int32
	client         versioned.Interface
	stop           func()
	store          cache.Store
}

// Follow runs an informer through the aggregator until the test ends.
func Follow(t *testing.T, config *rest.Config) *Events {
	t.Helper()
	e := &Events{added: map[string]int{}, removed: map[string]int{}}
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return counting{e, next} })
	client, err := versioned.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	e.client = client
	factory := externalversions.NewSharedInformerFactory(client, 0)
	informer := factory.Capacity().V1().Reservations().Informer()
	e.store = informer.GetStore()
	count := func(in map[string]int, object any) {
		if last, ok := object.(cache.DeletedFinalStateUnknown); ok {
			object = last.Obj
		}
		if named, ok := object.(metav1.Object); ok {
			e.mu.Lock()
			defer e.mu.Unlock()
			in[named.GetName()]++
		}
	}
	if _, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { count(e.added, object) },
		DeleteFunc: func(object any) { count(e.removed, object) },
	}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	factory.Start(ctx.Done())
	e.stop = sync.OnceFunc(func() {
		cancel()
		factory.Shutdown()
	})
	t.Cleanup(e.stop)
	if !cache.WaitForCacheSync(t.Context().Done(), informer.HasSynced) {
		t.Fatal("the informer is not in step")
	}
	return e
}

// counting counts watches, and lists, be they the beginning of a watch.
type counting struct {
	*Events
	next http.RoundTripper
}

func (c counting) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := c.next.RoundTrip(request)
	if !strings.HasSuffix(request.URL.Path, "/reservations") {
		return response, err
	}
	query := request.URL.Query()
	if query.Get("watch") != "" {
		c.watches.Add(1)
	}
	if query.Get("watch") == "" || query.Get("sendInitialEvents") != "" {
		c.lists.Add(1)
	}
	refusal := ""
	switch {
	case err != nil:
		refusal = err.Error()
	case response.StatusCode != http.StatusOK:
		body, _ := io.ReadAll(response.Body) // What there is of it tells enough.
		response.Body = io.NopCloser(bytes.NewReader(body))
		refusal = fmt.Sprintf("%s: %s", response.Status, body)
	default:
		return response, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refused = append(c.refused, fmt.Sprintf("%s %s: %s", time.Now().Format(time.TimeOnly), request.URL.RawQuery, refusal))
	return response, err
}

// Stop ends the informer, which the test's end does too.
func (e *Events) Stop() { e.stop() }

// Check checks that watches were cut, and that nothing was lost by it.
func (e *Events) Check(t *testing.T, made *Requests) {
	t.Helper()
	lists, watches := e.lists.Load(), e.watches.Load()
	step.Eventually(t.Context(), t, time.Minute, "the informer to hear of everything", func(context.Context) error {
		e.mu.Lock()
		defer e.mu.Unlock()
		made.mu.Lock()
		defer made.mu.Unlock()
		if added := sets.KeySet(e.added); !added.Equal(made.created) {
			return fmt.Errorf("%d objects were created, and it has heard of %d; it missed %v", made.created.Len(), added.Len(), sets.List(made.created.Difference(added)))
		}
		if removed := sets.KeySet(e.removed); !removed.Equal(made.deleted) {
			return fmt.Errorf("%d objects were deleted, and it has heard of %d; it missed %v", made.deleted.Len(), removed.Len(), sets.List(made.deleted.Difference(removed)))
		}
		return nil
	})
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, counted := range []map[string]int{e.added, e.removed} {
		for name, n := range counted {
			if n != 1 {
				t.Errorf("%s was added, or deleted, %d times", name, n)
			}
		}
	}
	for _, answer := range e.refused {
		t.Errorf("the informer's request got %s", answer)
	}
	list, err := e.client.CapacityV1().Reservations("default").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if stored := len(e.store.List()); stored != len(list.Items) {
		t.Errorf("the informer has %d objects, and there are %d", stored, len(list.Items))
	}
	t.Logf("the informer heard of %d created and %d deleted objects, with %d watches and %d lists", len(e.added), len(e.removed), watches, lists)
	if watches < 2 {
		t.Errorf("%d watch was made: none was cut, and nothing is proved", watches)
	}
	if lists != 1 {
		t.Errorf("all was listed %d times, want once: watches go on where they were cut", lists)
	}
}
