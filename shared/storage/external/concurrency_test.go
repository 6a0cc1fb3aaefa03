package external

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apiserver/pkg/storage"

	"example.com/annex/shared/condition"
)

// line is an event, as the log and a watch have it.
type line struct{ Revision, Event string }

// logged are the events of the resource in annex_log, after a revision.
func (p place) logged(t testing.TB, after string) (lines []line) {
	t.Helper()
	rows, err := p.owner.QueryContext(t.Context(), `
		SELECT rev::text, CASE WHEN value IS NULL THEN 'DELETED' WHEN prev_rev = 0 THEN 'ADDED' ELSE 'MODIFIED' END || ' ' || key
		FROM annex_log WHERE rev > $1::text::bigint ORDER BY annex_log.rev`, after)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var l line
		if err := rows.Scan(&l.Revision, &l.Event); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, l)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}

// TestHistory has both sides write at once, through two servers and by SQL, while the database is killed: each watch has all
// events, in order, once, and in the end the objects are what the rows are.
func TestHistory(t *testing.T) {
	t.Parallel()
	const names = 12
	p := newPlace(t)
	replicas := []replica{p.open(t), p.open(t)}
	begin := replicas[0].create(t, box("begin")).GetResourceVersion()
	watches := []watched{{replicas[0].watch(t, begin)}, {replicas[1].watch(t, begin)}}

	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Second)
	defer cancel()
	var group sync.WaitGroup
	var lock sync.Mutex
	counts := map[string]int{}
	count := func(what string, err error) {
		lock.Lock()
		defer lock.Unlock()
		if err != nil {
			what += " failed"
		}
		counts[what]++
	}
	for i := range 4 {
		group.Go(func() {
			r := replicas[i%2]
			for ctx.Err() == nil {
				name := fmt.Sprint("n", rand.N(names))
				switch rand.N(5) {
				case 0:
					count("create", r.Create(ctx, key(name), box(name), nil, 0))
				case 1:
					count("delete", r.remove(ctx, name))
				case 2:
					_, err := r.update(ctx, name, setting(fmt.Sprint(rand.N(100)), "metadata", "labels", "a"))
					count("label", err)
				default:
					_, err := r.update(ctx, name, setting(int64(1+rand.N(100)), "spec", "cores"))
					count("update", err)
				}
			}
		})
	}
	for range 2 {
		group.Go(func() {
			for ctx.Err() == nil {
				name := fmt.Sprint("n", rand.N(names))
				var err error
				switch rand.N(5) {
				case 0:
					_, err = p.owner.ExecContext(ctx, `INSERT INTO legacy.boxes (team, host, cores) VALUES ('red', $1, 1)`, name)
				case 1:
					_, err = p.owner.ExecContext(ctx, `DELETE FROM legacy.boxes WHERE host = $1`, name)
				case 2:
					_, err = p.owner.ExecContext(ctx, `UPDATE legacy.boxes SET team = CASE team WHEN 'red' THEN 'blue' ELSE 'red' END WHERE host = $1`, name)
				default:
					_, err = p.owner.ExecContext(ctx, `UPDATE legacy.boxes SET cores = $2, seen = clock_timestamp() WHERE host = $1`, name, 1+rand.N(100))
				}
				count("SQL", err)
			}
		})
	}
	condition.Eventually(t.Context(), t, waiting, "both sides to have written before the crash", func(context.Context) error {
		lock.Lock()
		defer lock.Unlock()
		if counts["create"] < 20 || counts["SQL"] < 20 {
			return fmt.Errorf("so far %v", counts)
		}
		return nil
	})
	p.server.Kill()
	p.server.Start(t)
	group.Wait()
	condition.Eventually(t.Context(), t, waiting, "a last write", func(context.Context) error {
		_, err := replicas[1].update(t.Context(), "begin", setting("end", "metadata", "labels", "a"))
		return err
	})
	t.Logf("writes: %v", counts)
	if counts["create"] == 0 || counts["update"] == 0 || counts["delete"] == 0 || counts["label"] == 0 || counts["SQL"] == 0 {
		t.Errorf("some writers got nothing done: %v", counts)
	}

	want := p.logged(t, begin)
	for i, w := range watches {
		if diff := cmp.Diff(want, w.events(t, len(want))); diff != "" {
			t.Errorf("watch %d of %d events differs from the log (-log +watch):\n%s", i, len(want), diff)
		}
	}
	// The revisions are without gaps: each was a write of this table.
	for i := 1; i < len(want); i++ {
		if fmt.Sprint(atoi(t, want[i-1].Revision)+1) != want[i].Revision {
			t.Errorf("after revision %s comes %s", want[i-1].Revision, want[i].Revision)
		}
	}
	rows := p.value(t, `SELECT string_agg(team || '/' || host, ' ' ORDER BY team COLLATE "C", host COLLATE "C") FROM legacy.boxes`)
	for _, r := range replicas {
		if got := strings.Join(r.names(t), " "); got != rows {
			t.Errorf("the objects are %s, the rows %s", got, rows)
		}
	}
	if got := p.value(t, `
		SELECT count(*) FROM legacy.boxes b JOIN annex_boxes_metadata m USING (id) JOIN annex_current c ON c.key = m.object_key
		WHERE (convert_from(c.value, 'UTF8')::jsonb #>> '{spec,cores}')::bigint = b.cores`); got != p.value(t, `SELECT count(*) FROM legacy.boxes`) {
		t.Errorf("%s objects have the cores of their rows", got)
	}
}

// TestNoDeadlock has the owner write many rows in a transaction, in any order, while the API writes them: nobody is ended.
func TestNoDeadlock(t *testing.T) {
	t.Parallel()
	const names = 10
	p := newPlace(t)
	r := p.open(t)
	for i := range names {
		r.create(t, box(fmt.Sprint("n", i)))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	var group sync.WaitGroup
	writes := make([]int, 7)
	for i := range 6 {
		group.Go(func() {
			for ctx.Err() == nil {
				_, err := r.update(ctx, fmt.Sprint("n", rand.N(names)), setting(int64(1+rand.N(1000)), "spec", "cores"), setting(fmt.Sprint(rand.N(100)), "metadata", "labels", "a"))
				if err != nil && ctx.Err() == nil {
					t.Errorf("updating: %v", err)
				}
				writes[i]++
			}
		})
	}
	group.Go(func() {
		for ctx.Err() == nil {
			err := ownersTransaction(t.Context(), p.owner, rand.Perm(names))
			var failure *pgconn.PgError
			if errors.As(err, &failure) {
				t.Errorf("the owner's transaction: %s %v", failure.Code, err)
			}
			writes[6]++
		}
	})
	group.Wait()
	if got := p.value(t, `SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`); got != "0" {
		t.Errorf("there were %s deadlocks", got)
	}
	t.Logf("transactions of six API writers and the owner: %v", writes)
	for i, n := range writes {
		if n == 0 {
			t.Errorf("writer %d wrote nothing", i)
		}
	}
}

func ownersTransaction(ctx context.Context, owner *sql.DB, order []int) error {
	tx, err := owner.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	for _, i := range order[:6] {
		if _, err := tx.ExecContext(ctx, `UPDATE legacy.boxes SET cores = cores % 1000 + 1 WHERE host = $1`, fmt.Sprint("n", i)); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// TestBeginning: two servers start at once on a table with rows, while the owner writes; one is stopped on the way, and the
// database is killed.
func TestBeginning(t *testing.T) {
	t.Parallel()
	const rows = 3000
	p := newPlace(t)
	p.sql(t, `INSERT INTO legacy.boxes (team, host, cores) SELECT 'red', 'n' || n, 1 FROM generate_series(1, $1::integer) n`, rows)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var group sync.WaitGroup
	group.Go(func() {
		for ctx.Err() == nil {
			_, _ = p.owner.ExecContext(ctx, `UPDATE legacy.boxes SET cores = cores + 1 WHERE id = $1`, 1+rand.N(rows))
		}
	})
	// A transaction of the owner's is in the way of the trigger, for a while.
	slow, err := p.owner.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := slow.ExecContext(ctx, `UPDATE legacy.boxes SET cores = 5000 WHERE id = 1`); err != nil {
		t.Fatal(err)
	}
	one, two := p.start(t), p.start(t)
	condition.Eventually(t.Context(), t, waiting, "a replica to wait for the owner", func(context.Context) error {
		var waiting int
		if err := p.owner.QueryRowContext(ctx, `SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'legacy.boxes'::regclass`).Scan(&waiting); err != nil {
			return err
		}
		if waiting == 0 {
			return errors.New("nobody waits for a lock of its table")
		}
		return nil
	})
	if one.table.Ready() == nil || two.table.Ready() == nil {
		t.Error("it is ready before it began")
	}
	if err := one.Get(t.Context(), key("n1"), storage.GetOptions{}, box("a")); !apierrors.IsServiceUnavailable(err) {
		t.Errorf("reading too early gives %v", err)
	}
	if err := slow.Commit(); err != nil {
		t.Fatal(err)
	}
	condition.Eventually(t.Context(), t, waiting, "some rows to be published", func(context.Context) error {
		var published int
		if err := p.owner.QueryRowContext(t.Context(), `SELECT count(*) FROM annex_boxes_metadata`).Scan(&published); err != nil || published == 0 {
			return fmt.Errorf("%d, %w", published, err)
		}
		return nil
	})
	p.server.Kill()
	p.server.Start(t)
	for _, r := range []replica{one, two} {
		condition.Eventually(t.Context(), t, waiting, "all rows to be published", func(context.Context) error { return r.table.Ready() })
	}
	cancel()
	group.Wait()
	if got := len(one.names(t)); got != rows {
		t.Errorf("there are %d objects, not %d", got, rows)
	}
	const mismatched = `SELECT count(*) FROM legacy.boxes b JOIN annex_boxes_metadata m USING (id) JOIN annex_current c ON c.key = m.object_key
		WHERE (convert_from(c.value, 'UTF8')::jsonb #>> '{spec,cores}')::bigint <> b.cores`
	if got := p.value(t, mismatched); got != "0" {
		t.Errorf("%s objects differ from their rows", got)
	}
	if got := p.value(t, `SELECT count(*) FROM annex_log WHERE prev_rev = 0`); got != fmt.Sprint(rows) {
		t.Errorf("%s objects were added, not %d", got, rows)
	}
}
