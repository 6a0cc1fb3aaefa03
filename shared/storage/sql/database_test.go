package sql

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/apiserver/pkg/apis/example"
	examplev1 "k8s.io/apiserver/pkg/apis/example/v1"
	"k8s.io/apiserver/pkg/storage"

	"example.com/annex/shared/storage/postgrestest"
)

// waiting is how long a test waits for what has to happen.
const waiting = 30 * time.Second

// place is an empty database that can be opened several times.
type place struct {
	options Options
	server  *postgrestest.Server
}

func (p place) open(t *testing.T, change func(*Options)) *Database {
	t.Helper()
	options := p.options
	if change != nil {
		change(&options)
	}
	db, err := Open(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// onEach runs a test on a new database of each kind.
func onEach(t *testing.T, run func(t *testing.T, p place)) {
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		run(t, place{options: Options{SQLite: filepath.Join(t.TempDir(), "objects.db")}})
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		run(t, newPostgresPlace(t))
	})
}

// newPostgresPlace is a database of a server of its own.
func newPostgresPlace(t *testing.T) place {
	t.Helper()
	server := postgrestest.New(t)
	return place{options: Options{PostgreSQL: server.Database(t)}, server: server}
}

// newStore is a resource in a database.
func newStore(t *testing.T, db *Database, change func(*Config)) *Store {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{example.AddToScheme, examplev1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	config := Config{
		Codec:          serializer.NewCodecFactory(scheme).LegacyCodec(examplev1.SchemeGroupVersion),
		New:            func() runtime.Object { return &example.Pod{} },
		Prefix:         "/annex",
		ResourcePrefix: "/pods/",
		Resource:       schema.GroupResource{Resource: "pods"},
	}
	if change != nil {
		change(&config)
	}
	store, err := New(db, config)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func pod(name string) *example.Pod {
	return &example.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name}}
}

func create(t *testing.T, store *Store, name string, ttl uint64) *example.Pod {
	t.Helper()
	created := &example.Pod{}
	if err := store.Create(t.Context(), "/pods/default/"+name, pod(name), created, ttl); err != nil {
		t.Fatal(err)
	}
	return created
}

// touch changes an object.
func touch(ctx context.Context, store *Store, name string) error {
	return store.GuaranteedUpdate(ctx, "/pods/default/"+name, &example.Pod{}, false, nil, storage.SimpleUpdate(func(obj runtime.Object) (runtime.Object, error) {
		obj.(*example.Pod).Generation++
		return obj, nil
	}), nil)
}

func startWatch(t *testing.T, store *Store, opts storage.ListOptions) watch.Interface {
	t.Helper()
	opts.Recursive = true
	if opts.Predicate.Label == nil {
		allow := opts.Predicate.AllowWatchBookmarks
		opts.Predicate = storage.Everything
		opts.Predicate.AllowWatchBookmarks = allow
	}
	w, err := store.Watch(t.Context(), "/pods/", opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Stop)
	return w
}

// next is the next event of a watch.
func next(t *testing.T, w watch.Interface) watch.Event {
	t.Helper()
	select {
	case event, open := <-w.ResultChan():
		if !open {
			t.Fatal("the watch has ended")
		}
		return event
	case <-time.After(waiting):
		t.Fatal("there is no event")
	}
	return watch.Event{}
}

// wantEvent checks the next event of a watch, and returns its revision.
func wantEvent(t *testing.T, w watch.Interface, kind watch.EventType, name string) uint64 {
	t.Helper()
	event := next(t, w)
	if event.Type == watch.Error {
		t.Fatalf("there is an error instead of %s %s: %v", kind, name, event.Object)
	}
	got := event.Object.(*example.Pod)
	if event.Type != kind || got.Name != name {
		t.Fatalf("the event is %s %s, not %s %s", event.Type, got.Name, kind, name)
	}
	return revisionOf(t, got)
}

// wantGone checks that a watch ends with 410 Gone.
func wantGone(t *testing.T, w watch.Interface) {
	t.Helper()
	event := next(t, w)
	status, ok := event.Object.(*metav1.Status)
	if event.Type != watch.Error || !ok || status.Reason != metav1.StatusReasonExpired {
		t.Fatalf("the event is %s %v, not that the revision has expired", event.Type, event.Object)
	}
	if _, open := <-w.ResultChan(); open {
		t.Fatal("there is an event after the error")
	}
}

func revisionOf(t *testing.T, obj runtime.Object) uint64 {
	t.Helper()
	revision, err := storage.APIObjectVersioner{}.ObjectResourceVersion(obj)
	if err != nil {
		t.Fatal(err)
	}
	return revision
}

func TestManyProcessesMigrateAtOnce(t *testing.T) {
	t.Parallel()
	p := newPostgresPlace(t)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			db, err := Open(t.Context(), p.options)
			if err != nil {
				t.Error(err)
				return
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	db := p.open(t, nil)
	var versions int
	if err := db.readDB.QueryRow(`SELECT count(*) FROM annex_migrations`).Scan(&versions); err != nil || versions != 1 {
		t.Errorf("there were %d migrations, %v", versions, err)
	}
}

func TestNewerTablesAreRefused(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p place) {
		db, err := Open(t.Context(), p.options)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.writeDB.Exec(`INSERT INTO annex_migrations (version, file) VALUES (99, 'future.sql')`); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), p.options); err == nil || !strings.Contains(err.Error(), "version 99") {
			t.Errorf("opening tables of the future gives %v", err)
		}
	})
}

func TestSecondProcessOnOneFileIsRefused(t *testing.T) {
	t.Parallel()
	p := place{options: Options{SQLite: filepath.Join(t.TempDir(), "objects.db")}}
	db, err := Open(t.Context(), p.options)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), p.options); err == nil || !strings.Contains(err.Error(), "only one can") {
		t.Errorf("opening it a second time gives %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	p.open(t, nil)
}

func TestErrorsHaveNoPassword(t *testing.T) {
	t.Parallel()
	for _, connection := range []string{
		"postgres://annex:s3cret@127.0.0.1:1/annex?connect_timeout=1",
		"host=127.0.0.1 port=1 user=annex password=s3cret connect_timeout=1",
		"postgres://annex:s3cret@127.0.0.1:port/annex",
		"host=127.0.0.1 password=s3cret sslmode=wrong",
	} {
		_, err := Open(t.Context(), Options{PostgreSQL: connection})
		if err == nil || strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "\n") {
			t.Errorf("opening %q gives %v", connection, err)
		}
	}
}

func TestOptionsNameOneDatabase(t *testing.T) {
	t.Parallel()
	for _, options := range []Options{{}, {SQLite: "a", PostgreSQL: "b"}} {
		if _, err := Open(t.Context(), options); err == nil {
			t.Errorf("%+v can be opened", options)
		}
	}
}

func TestClosedDatabaseSaysSo(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p place) {
		db, err := Open(t.Context(), p.options)
		if err != nil {
			t.Fatal(err)
		}
		store := newStore(t, db, nil)
		if err := db.Check(t.Context()); err != nil {
			t.Error(err)
		}
		w := startWatch(t, store, storage.ListOptions{ResourceVersion: "1"})
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if _, open := <-w.ResultChan(); open {
			t.Error("a watch goes on")
		}
		if err := store.Create(t.Context(), "/pods/default/late", pod("late"), nil, 0); err == nil {
			t.Error("an object can be created")
		}
		if store.ReadinessCheck() == nil || db.Check(t.Context()) == nil {
			t.Error("it is ready")
		}
	})
}

// TestOrder has several processes write at once: each sees every write, once, in the order of revisions, without gaps.
func TestOrder(t *testing.T) {
	t.Parallel()
	const writers, writes = 8, 25
	onEach(t, func(t *testing.T, p place) {
		stores := []*Store{newStore(t, p.open(t, nil), nil)}
		if p.server != nil {
			stores = append(stores, newStore(t, p.open(t, nil), nil))
		}
		var watches []watch.Interface
		for _, store := range stores {
			watches = append(watches, startWatch(t, store, storage.ListOptions{ResourceVersion: "1"}))
		}
		for i := range writers {
			create(t, stores[0], fmt.Sprint(i), 0)
		}
		var group sync.WaitGroup
		for i := range writers {
			group.Go(func() {
				for n := range writes {
					// Everybody also writes an object that all others write: conflicts are part of it.
					for _, name := range []string{fmt.Sprint(i), "0"} {
						if err := touch(t.Context(), stores[(i+n)%len(stores)], name); err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
		group.Wait()
		for _, w := range watches {
			for revision := uint64(2); revision <= 1+writers+2*writers*writes; revision++ {
				event := next(t, w)
				if got := revisionOf(t, event.Object); got != revision {
					t.Fatalf("the event after revision %d is of revision %d", revision-1, got)
				}
			}
		}
	})
}

// TestSQLiteFilesArePrivate: objects can be secret.
func TestSQLiteFilesArePrivate(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	place{options: Options{SQLite: filepath.Join(directory, "objects.db")}}.open(t, nil)
	files, err := os.ReadDir(directory)
	if err != nil || len(files) < 3 { // With the log, and the lock.
		t.Fatalf("there are %v, %v", files, err)
	}
	for _, file := range files {
		if info, err := file.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has the mode %v, %v, not 0600", file.Name(), info.Mode(), err)
		}
	}
}
