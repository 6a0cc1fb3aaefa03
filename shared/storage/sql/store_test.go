package sql

import (
	"bytes"
	"context"
	"crypto/aes"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/apiserver/pkg/apis/example"
	"k8s.io/apiserver/pkg/storage"
	aestransformer "k8s.io/apiserver/pkg/storage/value/encrypt/aes"

	"example.com/annex/shared/condition"
)

func TestExpiry(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p place) {
		store := newStore(t, p.open(t, nil), nil)
		w := startWatch(t, store, storage.ListOptions{ResourceVersion: "1"})
		created := create(t, store, "short", 1)
		create(t, store, "kept", 1)
		create(t, store, "long", 0)
		// Nil keeps the time to live, 0 ends it.
		if err := touch(t.Context(), store, "short"); err != nil {
			t.Fatal(err)
		}
		forever := uint64(0)
		if err := store.GuaranteedUpdate(t.Context(), "/pods/default/kept", &example.Pod{}, false, nil, func(obj runtime.Object, meta storage.ResponseMeta) (runtime.Object, *uint64, error) {
			if meta.TTL != 1 {
				t.Errorf("the time to live is %d, not 1", meta.TTL)
			}
			obj.(*example.Pod).Generation++
			return obj, &forever, nil
		}, nil); err != nil {
			t.Fatal(err)
		}
		wantEvent(t, w, watch.Added, "short")
		wantEvent(t, w, watch.Added, "kept")
		wantEvent(t, w, watch.Added, "long")
		wantEvent(t, w, watch.Modified, "short")
		wantEvent(t, w, watch.Modified, "kept")
		if revision := wantEvent(t, w, watch.Deleted, "short"); revision <= revisionOf(t, created) {
			t.Errorf("the deletion has revision %d", revision)
		}
		if err := store.Get(t.Context(), "/pods/default/short", storage.GetOptions{}, &example.Pod{}); !storage.IsNotFound(err) {
			t.Errorf("what has expired can be read: %v", err)
		}
		for _, name := range []string{"kept", "long"} {
			if err := store.Get(t.Context(), "/pods/default/"+name, storage.GetOptions{}, &example.Pod{}); err != nil {
				t.Errorf("reading %s: %v", name, err)
			}
		}
	})
}

func TestCompaction(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p place) {
		never := func(o *Options) { o.CompactionInterval = -1 }
		db := p.open(t, never)
		other := db
		if p.server != nil {
			other = p.open(t, never)
		}
		store, elsewhere := newStore(t, db, nil), newStore(t, other, nil)
		create(t, store, "a", 0)
		create(t, store, "b", 0)
		middle := create(t, store, "c", 0)
		if err := touch(t.Context(), store, "a"); err != nil {
			t.Fatal(err)
		}
		if err := db.Compact(t.Context(), int64(revisionOf(t, middle))); err != nil {
			t.Fatal(err)
		}
		condition.Eventually(t.Context(), t, waiting, "every process to know of the compaction", condition.Holds(func() bool {
			return elsewhere.CompactRevision() == int64(revisionOf(t, middle))
		}))
		if err := db.Compact(t.Context(), 1000); err == nil {
			t.Error("the future can be compacted")
		}
		// At the compacted revision, everything can still be read; before it, nothing.
		if got := names(t, elsewhere, middle.ResourceVersion); got != "a0 b0 c0" {
			t.Errorf("at the compacted revision there are %s", got)
		}
		err := elsewhere.GetList(t.Context(), "/pods/", exactly(fmt.Sprint(revisionOf(t, middle)-1)), &example.PodList{})
		if !apierrors.IsResourceExpired(err) {
			t.Errorf("listing before it gives %v", err)
		}
		wantEvent(t, startWatch(t, elsewhere, storage.ListOptions{ResourceVersion: middle.ResourceVersion}), watch.Modified, "a")
		wantGone(t, startWatch(t, elsewhere, storage.ListOptions{ResourceVersion: "1"}))
		wantGone(t, startWatch(t, store, storage.ListOptions{ResourceVersion: "1"}))
	})
}

func TestRegularCompaction(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p place) {
		often := func(o *Options) { o.CompactionInterval = 200 * time.Millisecond }
		db := p.open(t, often)
		if p.server != nil {
			p.open(t, often)
		}
		store := newStore(t, db, nil)
		create(t, store, "a", 0)
		for range 20 {
			if err := touch(t.Context(), store, "a"); err != nil {
				t.Fatal(err)
			}
		}
		condition.Eventually(t.Context(), t, waiting, "the log to be empty", condition.Holds(func() bool {
			var entries int
			if err := db.readDB.QueryRow(`SELECT count(*) FROM annex_log`).Scan(&entries); err != nil {
				t.Fatal(err)
			}
			return entries == 0
		}))
		condition.Eventually(t.Context(), t, waiting, "the whole log to count as compacted", condition.Holds(func() bool { return store.CompactRevision() == 22 }))
		if got := names(t, store, ""); got != "a20" {
			t.Errorf("after compaction there are %s", got)
		}
	})
}

// exactly lists at a revision, or now.
func exactly(revision string) storage.ListOptions {
	opts := storage.ListOptions{Predicate: storage.Everything, Recursive: true, ResourceVersion: revision}
	if revision != "" {
		opts.ResourceVersionMatch = metav1.ResourceVersionMatchExact
	}
	return opts
}

// names are the objects at a revision, with their generations.
func names(t *testing.T, store *Store, revision string) string {
	t.Helper()
	list := &example.PodList{}
	if err := store.GetList(t.Context(), "/pods/", exactly(revision), list); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, item := range list.Items {
		all = append(all, fmt.Sprint(item.Name, item.Generation))
	}
	return strings.Join(all, " ")
}

// TestHistory checks lists at every revision of a history.
func TestHistory(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p place) {
		store := newStore(t, p.open(t, nil), nil)
		remove := func(name string) {
			if err := store.Delete(t.Context(), "/pods/default/"+name, &example.Pod{}, nil, storage.ValidateAllObjectFunc, nil, storage.DeleteOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		for _, step := range []struct {
			do   func()
			want string
		}{
			{func() {}, ""},
			{func() { create(t, store, "a", 0) }, "a0"},
			{func() { create(t, store, "c", 0) }, "a0 c0"},
			{func() { create(t, store, "b", 0) }, "a0 b0 c0"},
			{func() { _ = touch(t.Context(), store, "b") }, "a0 b1 c0"},
			{func() { remove("a") }, "b1 c0"},
			{func() { _ = touch(t.Context(), store, "b") }, "b2 c0"},
			{func() { create(t, store, "a", 0) }, "a0 b2 c0"},
			{func() { remove("b") }, "a0 c0"},
			{func() { remove("c") }, "a0"},
		} {
			step.do()
			if got := names(t, store, ""); got != step.want {
				t.Fatalf("now there are %q, not %q", got, step.want)
			}
		}
		for i, want := range []string{"", "a0", "a0 c0", "a0 b0 c0", "a0 b1 c0", "b1 c0", "b2 c0", "a0 b2 c0", "a0 c0", "a0"} {
			if got := names(t, store, fmt.Sprint(i+1)); got != want {
				t.Errorf("at revision %d there are %q, not %q", i+1, got, want)
			}
		}
	})
}

// TestSlowWatch has a watch fall behind what is in memory: it gets everything all the same.
func TestSlowWatch(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p place) {
		db := p.open(t, nil)
		db.log.feed.lock.Lock()
		db.log.feed.maxEntries = 5
		db.log.feed.lock.Unlock()
		store := newStore(t, db, nil)
		slow := startWatch(t, store, storage.ListOptions{ResourceVersion: "1"})
		fast := startWatch(t, store, storage.ListOptions{ResourceVersion: "1"})
		const objects = 2 * watchBuffer
		for i := range objects {
			create(t, store, fmt.Sprint(i), 0)
			wantEvent(t, fast, watch.Added, fmt.Sprint(i))
		}
		for i := range objects {
			wantEvent(t, slow, watch.Added, fmt.Sprint(i))
		}
	})
}

// TestLostWrites is a failover to a server that has not got everything.
func TestLostWrites(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p place) {
		db := p.open(t, nil)
		store := newStore(t, db, nil)
		w := startWatch(t, store, storage.ListOptions{ResourceVersion: "1"})
		create(t, store, "a", 0)
		create(t, store, "b", 0)
		wantEvent(t, w, watch.Added, "a")
		wantEvent(t, w, watch.Added, "b")
		for _, statement := range []string{
			`DELETE FROM annex_log WHERE rev = 3`, `DELETE FROM annex_current WHERE rev = 3`, `UPDATE annex_meta SET revision = 2`,
		} {
			if _, err := db.writeDB.Exec(statement); err != nil {
				t.Fatal(err)
			}
		}
		wantGone(t, w)
		w = startWatch(t, store, storage.ListOptions{ResourceVersion: "2"})
		create(t, store, "c", 0)
		if revision := wantEvent(t, w, watch.Added, "c"); revision != 3 {
			t.Errorf("the next write has revision %d", revision)
		}
	})
}

// TestOtherWriter is another program that writes the tables as the package's documentation says.
func TestOtherWriter(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p place) {
		store := newStore(t, p.open(t, nil), nil)
		w := startWatch(t, store, storage.ListOptions{ResourceVersion: "1"})
		driver, name := "pgx", p.options.PostgreSQL
		if p.server == nil {
			driver, name = "sqlite", p.options.SQLite
		}
		other, err := sql.Open(driver, name)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = other.Close() }()
		object := []byte(`{"kind":"Pod","apiVersion":"example.apiserver.k8s.io/v1","metadata":{"name":"theirs","namespace":"default"}}`)
		tx, err := other.Begin()
		if err != nil {
			t.Fatal(err)
		}
		var revision uint64
		if err := tx.QueryRow(`UPDATE annex_meta SET revision = revision + 1 RETURNING revision`).Scan(&revision); err != nil {
			t.Fatal(err)
		}
		const key = "/annex/pods/default/theirs"
		if _, err := tx.Exec(`INSERT INTO annex_current (key, rev, value) VALUES ($1, $2, $3)`, key, revision, object); err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(`INSERT INTO annex_log (rev, key, value) VALUES ($1, $2, $3)`, revision, key, object); err != nil {
			t.Fatal(err)
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		if got := wantEvent(t, w, watch.Added, "theirs"); got != revision {
			t.Errorf("the event has revision %d, not %d", got, revision)
		}
		if err := touch(t.Context(), store, "theirs"); err != nil {
			t.Fatal(err)
		}
		if got := wantEvent(t, w, watch.Modified, "theirs"); got != revision+1 {
			t.Errorf("the next event has revision %d, not %d", got, revision+1)
		}
	})
}

func TestRequestWatchProgress(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p place) {
		db := p.open(t, func(o *Options) { o.ProgressInterval = time.Hour })
		store := newStore(t, db, nil)
		others := newStore(t, db, func(c *Config) { c.ResourcePrefix = "/others/" })
		w := startWatch(t, store, storage.ListOptions{ResourceVersion: "1", ProgressNotify: true})
		unasked := startWatch(t, store, storage.ListOptions{ResourceVersion: "1"})
		// Somebody else moves the revision on.
		if err := others.Create(t.Context(), "/others/x", pod("x"), nil, 0); err != nil {
			t.Fatal(err)
		}
		current, err := store.GetCurrentResourceVersion(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := store.RequestWatchProgress(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := wantEvent(t, w, watch.Bookmark, ""); got != current {
			t.Errorf("the bookmark is of revision %d, not %d", got, current)
		}
		create(t, store, "a", 0)
		wantEvent(t, unasked, watch.Added, "a")
	})
}

func TestEncryptionAtRest(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p place) {
		block, err := aes.NewCipher(bytes.Repeat([]byte{7}, 32))
		if err != nil {
			t.Fatal(err)
		}
		gcm, err := aestransformer.NewGCMTransformer(block)
		if err != nil {
			t.Fatal(err)
		}
		db := p.open(t, nil)
		store := newStore(t, db, func(c *Config) { c.Transformer = gcm })
		create(t, store, "secret", 0)
		create(t, store, "other", 0)
		r, _, err := db.get(t.Context(), "/annex/pods/default/secret")
		if err != nil {
			t.Fatal(err)
		}
		if len(r.value) == 0 || bytes.Contains(r.value, []byte("secret")) {
			t.Errorf("what is stored is %q", r.value)
		}
		// Under another key, the bytes are worthless.
		if _, err := db.writeDB.Exec(`UPDATE annex_current SET value = $1 WHERE key = '/annex/pods/default/other'`, r.value); err != nil {
			t.Fatal(err)
		}
		if err := store.Get(t.Context(), "/pods/default/other", storage.GetOptions{}, &example.Pod{}); !storage.IsInternalError(err) {
			t.Errorf("reading bytes of another object gives %v", err)
		}
	})
}

// TestWriteThatCanNotBe checks that a write which the database refuses takes none down that is committed with it.
func TestWriteThatCanNotBe(t *testing.T) {
	t.Parallel()
	p := newPostgresPlace(t)
	db := p.open(t, nil)
	results := make([]*write, 0, 3)
	for _, key := range []string{"/good", "/bad\xff", "/fine"} {
		results = append(results, &write{key: key, value: []byte("x"), ctx: t.Context(), result: make(chan writeResult, 1)})
	}
	db.writeBatch(t.Context(), results)
	for i, wantError := range []bool{false, true, false} {
		if r := <-results[i].result; (r.err != nil) != wantError {
			t.Errorf("writing %q gives %v", results[i].key, r.err)
		}
	}
}

// TestBatchOfOneKey has several writes of a key in one transaction: each sees what those before have done.
func TestBatchOfOneKey(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p place) {
		db := p.open(t, nil)
		steps := []struct {
			write
			revision int64
		}{
			{write{value: []byte("created"), ttl: 1000}, 2},
			{write{value: []byte("again")}, 0},
			{write{value: []byte("updated"), expected: 2, ttl: ttlKeep}, 3},
			{write{expected: 2}, 0},
			{write{expected: 3}, 4},
			{write{value: []byte("last")}, 5},
		}
		var batch []*write
		for i := range steps {
			w := &steps[i].write
			w.key, w.ctx, w.result = "/key", t.Context(), make(chan writeResult, 1)
			batch = append(batch, w)
		}
		db.writeBatch(t.Context(), batch)
		for i, step := range steps {
			if r := <-step.result; r.err != nil || r.revision != step.revision {
				t.Errorf("write %d gives revision %d, %v, not %d", i, r.revision, r.err, step.revision)
			}
		}
		r, revision, err := db.get(t.Context(), "/key")
		if err != nil || revision != 5 || r.rev != 5 || string(r.value) != "last" || r.expires != 0 {
			t.Errorf("at revision %d there is %+v, %v", revision, r, err)
		}
		log, err := db.readLog(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		var got string
		for _, e := range log.entries {
			got += fmt.Sprintf("%d %s, was %d %s; ", e.rev, e.value, e.prevRev, e.prevValue)
		}
		if want := "2 created, was 0 ; 3 updated, was 2 created; 4 , was 3 updated; 5 last, was 0 ; "; got != want {
			t.Errorf("the log has %s, not %s", got, want)
		}
	})
}

func TestGivenUpWriteIsNotDone(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p place) {
		db := p.open(t, nil)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		given, kept := &write{key: "/given/up", value: []byte("x"), ctx: ctx, result: make(chan writeResult, 1)},
			&write{key: "/kept", value: []byte("x"), ctx: t.Context(), result: make(chan writeResult, 1)}
		db.writeBatch(t.Context(), []*write{given, kept})
		if r := <-given.result; !errors.Is(r.err, context.Canceled) {
			t.Errorf("the write that nobody waits for gives %v", r.err)
		}
		if r := <-kept.result; r.err != nil || r.revision != 2 {
			t.Errorf("the other gives revision %d, %v", r.revision, r.err)
		}
	})
}

// FuzzContinue has lists continue at places that clients make up.
func FuzzContinue(f *testing.F) {
	db, err := Open(f.Context(), Options{SQLite: filepath.Join(f.TempDir(), "objects.db")})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = db.Close() })
	for _, seed := range []string{"", "a", "a\x00", "default/b", "default/b\x00", "\xff", "default/\x00\x00b", "../x"} {
		f.Add(seed, int64(-1))
		f.Add(seed, int64(3))
	}
	f.Fuzz(func(t *testing.T, place string, revision int64) {
		store := newStore(t, db, nil)
		for _, name := range []string{"a", "b", "c"} {
			if err := store.Create(t.Context(), "/pods/default/"+name, pod(name), nil, 0); err != nil && !storage.IsExist(err) {
				t.Fatal(err)
			}
		}
		token, err := storage.EncodeContinue("/annex/pods/"+place, "/annex/pods/", revision)
		if err != nil {
			return
		}
		opts := storage.ListOptions{Predicate: storage.Everything, Recursive: true}
		opts.Predicate.Continue = token
		list := &example.PodList{}
		err = store.GetList(t.Context(), "/pods/", opts, list)
		if err != nil {
			if status := apierrors.APIStatus(nil); !errors.As(err, &status) || status.Status().Code >= 500 && !storage.IsTooLargeResourceVersion(err) {
				t.Errorf("continuing at %q, %d gives %v", place, revision, err)
			}
			return
		}
		for _, item := range list.Items {
			if "default/"+item.Name < place {
				t.Errorf("continuing at %q, %d gives %s", place, revision, item.Name)
			}
		}
	})
}

func TestKeysThatAreNoText(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]string{
		"/pods/ns/plain":     "/pods/ns/plain",
		"/pods/ns/ü\uFFFD":   "/pods/ns/ü\uFFFD",
		"/pods/ns/\x00":      "/pods/ns/%00",
		"/pods/\xff/a\x00ü":  "/pods/%FF/a%00ü",
		"/pods/ns/\xe2\x82x": "/pods/ns/%E2%82x",
	} {
		if got := storable(key); got != want {
			t.Errorf("%q is stored as %q, want %q", key, got, want)
		}
	}
	onEach(t, func(t *testing.T, p place) {
		store := newStore(t, p.open(t, nil), nil)
		if err := store.Get(t.Context(), "/pods/ns/\xff\x00", storage.GetOptions{}, &example.Pod{}); !storage.IsNotFound(err) {
			t.Errorf("got %v, want it not found", err)
		}
	})
}

func TestWhatIsTooLargeIsRefused(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p place) {
		store := newStore(t, p.open(t, nil), nil)
		create(t, store, "small", 0)
		large := func(size int) *example.Pod {
			obj := pod("large")
			obj.Annotations = map[string]string{"a": strings.Repeat("x", size)}
			return obj
		}
		err := store.Create(t.Context(), "/pods/default/large", large(maxBytes), &example.Pod{}, 0)
		if !errors.Is(err, errTooLarge) {
			t.Errorf("creating it: got %v", err)
		}
		err = store.GuaranteedUpdate(t.Context(), "/pods/default/small", &example.Pod{}, false, nil, storage.SimpleUpdate(func(runtime.Object) (runtime.Object, error) {
			return large(maxBytes), nil
		}), nil)
		if !errors.Is(err, errTooLarge) {
			t.Errorf("making one that: got %v", err)
		}
		if err := store.Create(t.Context(), "/pods/default/large", large(maxBytes-1000), &example.Pod{}, 0); err != nil {
			t.Errorf("creating one that is not: %v", err)
		}
	})
}
