package history_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"example.com/annex/shared/storage/history"
)

// TestAcknowledgedWritesStay kills the server again and again while it is written to: whatever was acknowledged is there in
// the end, at the revision that was said.
func TestAcknowledgedWritesStay(t *testing.T) {
	for _, b := range []backend{sqlite{}, &postgres{}} {
		t.Run(b.name(), func(t *testing.T) {
			if p, ok := b.(*postgres); ok {
				p.start(t)
			}
			system := b.open(t, false)
			kill := system.Faults[0]
			a := &acknowledged{objects: map[string]history.Object{}, more: make(chan struct{}, 1)}
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			var writers sync.WaitGroup
			defer writers.Wait()
			defer stop()
			for i := range 4 {
				writers.Go(func() { a.write(ctx, system.Replicas[i%len(system.Replicas)], fmt.Sprintf("writer-%d", i)) })
			}
			began := time.Now()
			for n := range *kills {
				// Somewhere in the midst of it.
				for goal := a.count() + 5 + rand.IntN(40); a.count() < goal; {
					select {
					case <-a.more:
					case <-time.After(30 * time.Second):
						t.Fatalf("after %d kills, nothing is written any more", n)
					}
				}
				if err := kill.Do(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			stop()
			writers.Wait()
			took := time.Since(began)
			all := system.Replicas[0].Do(t.Context(), history.Request{Kind: history.List})
			if all.Outcome != history.Done {
				t.Fatalf("listing: %s", all.Error)
			}
			there := map[string]history.Object{}
			for _, o := range all.Objects {
				there[o.Key] = o
			}
			found := 0
			for key, o := range a.objects {
				if there[key] == o {
					found++
				} else {
					got := there[key]
					t.Errorf("%s was acknowledged, and there is %s", &o, &got)
				}
			}
			t.Logf("%d writes acknowledged, %d found (of %d objects), %d times %s, %v", len(a.objects), found, len(there), *kills, kill.Name, took.Round(time.Millisecond))
		})
	}
}

// acknowledged is what writers were told that it was written.
type acknowledged struct {
	lock    sync.Mutex
	objects map[string]history.Object
	more    chan struct{}
}

func (a *acknowledged) count() int {
	a.lock.Lock()
	defer a.lock.Unlock()
	return len(a.objects)
}

// write creates objects until ctx is done.
func (a *acknowledged) write(ctx context.Context, replica history.Replica, name string) {
	for n := 0; ctx.Err() == nil; n++ {
		value := fmt.Sprintf("%s-%d", name, n)
		response := replica.Do(ctx, history.Request{Kind: history.Create, Key: value, Value: value, UID: value})
		if response.Outcome != history.Done {
			select {
			case <-ctx.Done():
			case <-time.After(10 * time.Millisecond):
			}
			continue
		}
		a.lock.Lock()
		a.objects[value] = *response.Object
		a.lock.Unlock()
		select {
		case a.more <- struct{}{}:
		default:
		}
	}
}
