package sql

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/apiserver/pkg/apis/example"
	"k8s.io/apiserver/pkg/storage"

	"example.com/annex/shared/condition"
)

// TestServerCrash kills the server while it is written to: what was acknowledged is there afterwards, and a watch that was
// open all the time has seen every write, once, in order.
func TestServerCrash(t *testing.T) {
	t.Parallel()
	p := newPostgresPlace(t)
	store := newStore(t, p.open(t, func(o *Options) { o.Timeout = 5 * time.Second }), nil)
	w := startWatch(t, store, storage.ListOptions{ResourceVersion: "1"})
	const writers, crashes = 4, 3
	var group sync.WaitGroup
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	acknowledged := make([]int64, writers)
	for i := range writers {
		create(t, store, fmt.Sprint(i), 0)
		group.Go(func() {
			for ctx.Err() == nil {
				if err := touch(ctx, store, fmt.Sprint(i)); err == nil {
					acknowledged[i]++
				}
			}
		})
	}
	for range crashes {
		before := current(t, store)
		condition.Eventually(t.Context(), t, waiting, "more writes", condition.Holds(func() bool { return current(t, store) > before+20 }))
		p.server.Kill()
		p.server.Start(t)
	}
	stop()
	group.Wait()
	last := current(t, store)
	for revision := uint64(2); revision <= last; revision++ {
		event := next(t, w)
		if event.Type != watch.Added && event.Type != watch.Modified {
			t.Fatalf("the watch says %s %v", event.Type, event.Object)
		}
		if got := revisionOf(t, event.Object); got != revision {
			t.Fatalf("the event after revision %d is of revision %d", revision-1, got)
		}
	}
	for i := range writers {
		got := &example.Pod{}
		if err := store.Get(t.Context(), "/pods/default/"+fmt.Sprint(i), storage.GetOptions{}, got); err != nil {
			t.Fatal(err)
		}
		// More is possible: a commit whose acknowledgement was lost.
		if got.Generation < acknowledged[i] || got.Generation > acknowledged[i]+crashes+1 {
			t.Errorf("of %d acknowledged writes there are %d", acknowledged[i], got.Generation)
		}
	}
}

// current is the revision now, as soon as the server answers.
func current(t *testing.T, store *Store) (revision uint64) {
	t.Helper()
	condition.Eventually(t.Context(), t, waiting, "the server to answer", condition.Holds(func() bool {
		var err error
		revision, err = store.GetCurrentResourceVersion(t.Context())
		return err == nil
	}))
	return revision
}

// TestConnectionsAreCut ends every connection: the next requests get new ones, and watches go on.
func TestConnectionsAreCut(t *testing.T) {
	t.Parallel()
	p := newPostgresPlace(t)
	writing, reading := newStore(t, p.open(t, nil), nil), newStore(t, p.open(t, func(o *Options) { o.PollInterval = time.Hour }), nil)
	w := startWatch(t, reading, storage.ListOptions{ResourceVersion: "1"})
	create(t, writing, "before", 0)
	wantEvent(t, w, watch.Added, "before")
	p.server.Execute(t, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'annex'`)
	condition.Eventually(t.Context(), t, waiting, "an object to be created", condition.Holds(func() bool {
		err := writing.Create(t.Context(), "/pods/default/after", pod("after"), nil, 0)
		return err == nil || storage.IsExist(err)
	}))
	// The reader does not poll: it listens again.
	wantEvent(t, w, watch.Added, "after")
	create(t, writing, "later", 0)
	wantEvent(t, w, watch.Added, "later")
}

// TestWatchBeginsWithoutServer has a watch begin with what there is while the server is away: it ends as a list does, and tells
// clients no names of hosts and users.
func TestWatchBeginsWithoutServer(t *testing.T) {
	t.Parallel()
	p := newPostgresPlace(t)
	store := newStore(t, p.open(t, nil), nil)
	create(t, store, "a", 0)
	p.server.Kill()
	w := startWatch(t, store, storage.ListOptions{ResourceVersion: "0"})
	event := next(t, w)
	status, ok := event.Object.(*metav1.Status)
	if event.Type != watch.Error || !ok || status.Code != http.StatusServiceUnavailable {
		t.Fatalf("the event is %s %v, not that the service is unavailable", event.Type, event.Object)
	}
	if strings.Contains(status.Message, "postgres") || strings.Contains(status.Message, p.server.Socket()) {
		t.Errorf("clients are told %q", status.Message)
	}
	if _, open := <-w.ResultChan(); open {
		t.Error("there is an event after the error")
	}
}

// TestFirstWriteAfterRestart has nothing fail because of connections of before: nobody used them meanwhile.
func TestFirstWriteAfterRestart(t *testing.T) {
	t.Parallel()
	p := newPostgresPlace(t)
	store := newStore(t, p.open(t, nil), nil)
	create(t, store, "before", 0)
	p.server.Kill()
	p.server.Start(t)
	create(t, store, "after", 0)
}

// TestBlockedDatabase has a transaction of somebody else in the way: requests end when their time is over.
func TestBlockedDatabase(t *testing.T) {
	t.Parallel()
	p := newPostgresPlace(t)
	db := p.open(t, nil)
	store := newStore(t, db, nil)
	tx, err := db.writeDB.Begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(`SELECT revision FROM annex_meta FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := store.Create(ctx, "/pods/default/a", pod("a"), nil, 0); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("writing meanwhile gives %v", err)
	}
	if got := names(t, store, ""); got != "" {
		t.Errorf("there are %s", got)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	create(t, store, "b", 0)
}
