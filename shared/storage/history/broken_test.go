package history_test

import (
	"context"
	stdsql "database/sql"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/watch"

	"example.com/annex/shared/storage/history"
	"example.com/annex/shared/storage/sql"
)

// TestBrokenReplicas has replicas that do one thing wrong, as a careless watch cache would: the checks find it.
func TestBrokenReplicas(t *testing.T) {
	for _, test := range []struct {
		name string
		// breaks is one of the guarantees that must be found broken.
		breaks []string
		make   func(history.Replica) history.Replica
	}{
		{"an event is dropped", []string{"Reliable", "Resumable", "Bookmarkable"}, func(r history.Replica) history.Replica {
			return brokenWatch{r, func(e history.Event, n int, _ *history.Event) []history.Event {
				if n%10 == 7 && e.Type != watch.Bookmark {
					return nil
				}
				return []history.Event{e}
			}}
		}},
		{"an event comes twice", []string{"Unique"}, func(r history.Replica) history.Replica {
			return brokenWatch{r, func(e history.Event, n int, _ *history.Event) []history.Event {
				if n%10 == 7 {
					return []history.Event{e, e}
				}
				return []history.Event{e}
			}}
		}},
		{"events change places", []string{"Ordered"}, func(r history.Replica) history.Replica {
			return brokenWatch{r, func(e history.Event, n int, last *history.Event) []history.Event {
				switch {
				case n%10 == 7:
					return nil
				case n%10 == 8:
					return []history.Event{e, *last}
				}
				return []history.Event{e}
			}}
		}},
		{"an event has the object of another", []string{"Atomic", "Reliable"}, func(r history.Replica) history.Replica {
			return brokenWatch{r, func(e history.Event, n int, last *history.Event) []history.Event {
				if n%10 == 7 && e.Type != watch.Bookmark {
					e.Value = last.Value
				}
				return []history.Event{e}
			}}
		}},
		{"bookmarks come too early", []string{"Bookmarkable"}, func(r history.Replica) history.Replica {
			return brokenWatch{r, func(e history.Event, _ int, _ *history.Event) []history.Event {
				if e.Type == watch.Bookmark {
					e.Revision += 5
				}
				return []history.Event{e}
			}}
		}},
		{"reads are stale", []string{"Linearizable"}, func(r history.Replica) history.Replica {
			return &staleReads{Replica: r, answers: map[string]history.Response{}}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			expectViolation(t, test.breaks, func(t *testing.T, seed uint64) (*history.History, error) {
				o := options()
				o.SQLite = filepath.Join(t.TempDir(), "objects.db")
				all := &replicas{}
				defer func() {
					if err := all.close(); err != nil {
						t.Error(err)
					}
				}()
				if err := all.open(t.Context(), false, nil, o); err != nil {
					t.Fatal(err)
				}
				system := all.system(false)
				system.Replicas = []history.Replica{test.make(system.Replicas[0]), system.Replicas[0]}
				return history.Record(t.Context(), system, history.Options{Seed: seed})
			})
		})
	}
}

// TestBrokenDatabase has PostgreSQL written to as it is in some implementations of storage.Interface: the checks find it.
func TestBrokenDatabase(t *testing.T) {
	for _, test := range []struct {
		name   string
		breaks []string
		write  func(context.Context, *stdsql.DB, sql.RecordWrite) (sql.RecordWritten, error)
	}{
		{"revisions of a sequence", []string{"Reliable", "Resumable", "Bookmarkable"}, writeWithSequence},
		{"acknowledged before it is committed", []string{"Linearizable"}, writeAndLose},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := &postgres{record: func(db *sql.Database) (sql.SystemOfRecord, error) { return newCareless(db, test.write) }}
			p.start(t)
			expectViolation(t, test.breaks, func(t *testing.T, seed uint64) (*history.History, error) {
				return history.Record(t.Context(), p.open(t, false), history.Options{Seed: seed})
			})
		})
	}
}

// expectViolation records histories until one breaks one of the guarantees: luck is part of it.
func expectViolation(t *testing.T, breaks []string, record func(*testing.T, uint64) (*history.History, error)) {
	t.Helper()
	const rounds = 10
	first := firstSeed()
	for i := range uint64(rounds) {
		// That it does not come to an end is what a lost write may do.
		recorded, _ := record(t, first+i)
		violations := recorded.Check()
		for _, v := range violations {
			t.Log(v)
		}
		if slices.ContainsFunc(violations, func(v history.Violation) bool { return slices.Contains(breaks, v.Guarantee) }) {
			t.Logf("found in round %d", i+1)
			return
		}
	}
	t.Errorf("%d rounds found nothing that is not %s", rounds, strings.Join(breaks, ", or not "))
}

// brokenWatch changes events: each is given with its number, and the one before.
type brokenWatch struct {
	history.Replica
	change func(e history.Event, n int, last *history.Event) []history.Event
}

func (b brokenWatch) Watch(ctx context.Context, request history.WatchRequest) (<-chan history.Event, error) {
	from, err := b.Replica.Watch(ctx, request)
	if err != nil || request.Initial {
		return from, err
	}
	to := make(chan history.Event)
	go func() {
		defer close(to)
		var last history.Event
		n := 0
		for e := range from {
			for _, changed := range b.change(e, n, &last) {
				select {
				case to <- changed:
				case <-ctx.Done():
					return
				}
			}
			if e.Type != watch.Bookmark {
				last = e
				n++
			}
		}
	}()
	return to, nil
}

// staleReads sometimes answers as it did before.
type staleReads struct {
	history.Replica
	lock    sync.Mutex
	answers map[string]history.Response
}

func (s *staleReads) Do(ctx context.Context, request history.Request) history.Response {
	if request.Kind != history.Get {
		return s.Replica.Do(ctx, request)
	}
	s.lock.Lock()
	before, some := s.answers[request.Key]
	s.lock.Unlock()
	if some && rand.IntN(4) == 0 {
		return before
	}
	response := s.Replica.Do(ctx, request)
	s.lock.Lock()
	defer s.lock.Unlock()
	s.answers[request.Key] = response
	return response
}

// careless writes to the tables of package sql as a careless implementation does.
type careless struct {
	pool  *stdsql.DB
	write func(context.Context, *stdsql.DB, sql.RecordWrite) (sql.RecordWritten, error)
}

func newCareless(db *sql.Database, write func(context.Context, *stdsql.DB, sql.RecordWrite) (sql.RecordWritten, error)) (sql.SystemOfRecord, error) {
	pool, err := db.Pool(8, nil)
	if err != nil {
		return nil, err
	}
	_, err = pool.Exec(`CREATE SEQUENCE IF NOT EXISTS careless START 2`)
	return careless{pool, write}, err
}

func (c careless) Write(ctx context.Context, w sql.RecordWrite) (sql.RecordWritten, error) {
	return c.write(ctx, c.pool, w)
}

// writeWithSequence takes revisions of a sequence, which is not of the transaction: who takes the lower may commit later.
func writeWithSequence(ctx context.Context, pool *stdsql.DB, w sql.RecordWrite) (sql.RecordWritten, error) {
	var revision int64
	if err := pool.QueryRowContext(ctx, `SELECT nextval('careless')`).Scan(&revision); err != nil {
		return sql.RecordWritten{}, err
	}
	tx, err := pool.BeginTx(ctx, nil)
	if err != nil {
		return sql.RecordWritten{}, err
	}
	defer func() { _ = tx.Rollback() }()
	written, err := writeRecord(ctx, tx, w, revision)
	if err != nil || written.Conflict {
		return written, err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE annex_meta SET revision = greatest(revision, $1)`, revision); err != nil {
		return sql.RecordWritten{}, err
	}
	return written, tx.Commit()
}

// writeAndLose now and then loses what it has acknowledged.
func writeAndLose(ctx context.Context, pool *stdsql.DB, w sql.RecordWrite) (sql.RecordWritten, error) {
	tx, err := pool.BeginTx(ctx, nil)
	if err != nil {
		return sql.RecordWritten{}, err
	}
	defer func() { _ = tx.Rollback() }()
	var revision int64
	if err := tx.QueryRowContext(ctx, `UPDATE annex_meta SET revision = revision + 1 RETURNING revision`).Scan(&revision); err != nil {
		return sql.RecordWritten{}, err
	}
	written, err := writeRecord(ctx, tx, w, revision)
	if err != nil || written.Conflict {
		return written, err
	}
	if strings.Contains(w.Key, "object") && rand.IntN(20) == 0 {
		return written, nil
	}
	return written, tx.Commit()
}

// writeRecord changes the tables, if the condition holds.
func writeRecord(ctx context.Context, tx *stdsql.Tx, w sql.RecordWrite, revision int64) (sql.RecordWritten, error) {
	var before int64
	var value []byte
	err := tx.QueryRowContext(ctx, `SELECT rev, value FROM annex_current WHERE key = $1 FOR UPDATE`, w.Key).Scan(&before, &value)
	if err != nil && !errors.Is(err, stdsql.ErrNoRows) {
		return sql.RecordWritten{}, err
	}
	if before != w.Expected {
		return sql.RecordWritten{Conflict: true}, nil
	}
	var result stdsql.Result
	switch {
	case w.After == nil:
		result, err = tx.ExecContext(ctx, `DELETE FROM annex_current WHERE key = $1`, w.Key)
	case before == 0:
		result, err = tx.ExecContext(ctx, `INSERT INTO annex_current (key, rev, value) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, w.Key, revision, w.After)
	default:
		result, err = tx.ExecContext(ctx, `UPDATE annex_current SET rev = $2, value = $3 WHERE key = $1`, w.Key, revision, w.After)
	}
	if err != nil {
		return sql.RecordWritten{}, err
	}
	if rows, err := result.RowsAffected(); err != nil || rows == 0 {
		return sql.RecordWritten{Conflict: true}, err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO annex_log (rev, key, value, prev_rev, prev_value) VALUES ($1, $2, $3, $4, $5)`, revision, w.Key, w.After, before, value)
	return sql.RecordWritten{Revision: revision, Value: w.After}, err
}
