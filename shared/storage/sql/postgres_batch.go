package sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// rollbackTimeout limits how long it takes to give up a transaction, before its connection is closed instead.
const rollbackTimeout = time.Second

// writeBatch takes two round trips, however many writes there are: the lock, which others wait for, is held for one of them
// and the wait for the disk.
func (d *postgresDialect) writeBatch(ctx context.Context, db *sql.DB, keys []string, decide func(revision int64, present map[string]record) []*effect) (committing bool, err error) {
	// Connections of before the server was started again fail when they are used next.
	for range postgresWriters + 1 {
		var broken bool
		if broken, committing, err = d.tryWrite(ctx, db, keys, decide); !broken || committing || ctx.Err() != nil {
			break
		}
	}
	return committing, err
}

// tryWrite uses one connection, and says whether that has broken.
func (d *postgresDialect) tryWrite(ctx context.Context, db *sql.DB, keys []string, decide func(revision int64, present map[string]record) []*effect) (broken, committing bool, err error) {
	connection, err := db.Conn(ctx)
	if err != nil {
		return false, false, err
	}
	defer func() { _ = connection.Close() }()
	failure := connection.Raw(func(driver any) error {
		conn, ok := driver.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("a connection to PostgreSQL is a %T", driver)
		}
		committing, err = d.writeOn(ctx, conn.Conn(), keys, decide)
		broken = conn.Conn().IsClosed()
		return nil // What it fails with is not about the pool.
	})
	return broken, committing, errors.Join(failure, err)
}

func (d *postgresDialect) writeOn(ctx context.Context, conn *pgx.Conn, keys []string, decide func(revision int64, present map[string]record) []*effect) (committing bool, err error) {
	defer func() {
		// Also when nothing was to be committed.
		if conn.IsClosed() || conn.PgConn().TxStatus() == 'I' {
			return
		}
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
		defer cancel()
		if _, failure := conn.Exec(ending, `ROLLBACK`); failure != nil {
			_ = conn.Close(ending)
		}
	}()
	revision, present, err := d.lockAndRead(ctx, conn, keys)
	if err != nil {
		return false, err
	}
	effects := decide(revision, present)
	if len(effects) == 0 {
		return false, nil
	}
	changes := d.changes(effects)
	results := conn.SendBatch(ctx, changes)
	for range changes.Len() - 1 {
		if _, err := results.Exec(); err != nil {
			// What the server answers before it answers the COMMIT was not committed.
			_ = results.Close()
			var failure *pgconn.PgError
			return !errors.As(err, &failure), err
		}
	}
	_, err = results.Exec()
	if err == nil {
		err = results.Close()
	} else {
		_ = results.Close()
	}
	return true, err
}

// lockAndRead begins a transaction, and takes the write lock. What it reads after that nobody changes until the commit: a
// statement sees what was committed before it began.
func (d *postgresDialect) lockAndRead(ctx context.Context, conn *pgx.Conn, keys []string) (revision int64, present map[string]record, err error) {
	batch := &pgx.Batch{}
	batch.Queue(`BEGIN ISOLATION LEVEL READ COMMITTED`)
	batch.Queue(`SELECT revision, ` + d.now() + ` FROM annex_meta FOR UPDATE`)
	batch.Queue(`SELECT key, rev, value, expires FROM annex_current WHERE key = ANY($1)`, keys)
	results := conn.SendBatch(ctx, batch)
	defer func() {
		if failure := results.Close(); err == nil {
			err = failure
		}
	}()
	if _, err := results.Exec(); err != nil {
		return 0, nil, err
	}
	var now int64
	if err := results.QueryRow().Scan(&revision, &now); err != nil {
		return 0, nil, err
	}
	present = make(map[string]record, len(keys))
	for _, key := range keys {
		present[key] = record{key: key, now: now}
	}
	rows, err := results.Query()
	if err != nil {
		return 0, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		r := record{now: now}
		var expires sql.NullInt64
		if err := rows.Scan(&r.key, &r.rev, &r.value, &expires); err != nil {
			return 0, nil, err
		}
		r.expires = expires.Int64
		present[r.key] = r
	}
	return revision, present, rows.Err()
}

// changes are the statements that make effects, to the commit.
func (d *postgresDialect) changes(effects []*effect) *pgx.Batch {
	// A statement can't change a row twice: of each key, the last.
	last := map[string]*effect{}
	var put, remove, log columns
	for _, e := range effects {
		last[e.key] = e
		log.add(e.key, e.revision, e.value, nil)
		log.prevRevs = append(log.prevRevs, e.before.rev)
		log.prevValues = append(log.prevValues, e.before.value)
	}
	for _, e := range effects {
		switch {
		case last[e.key] != e:
		case e.value == nil:
			remove.keys = append(remove.keys, e.key)
		case e.expires == 0:
			put.add(e.key, e.revision, e.value, nil)
		default:
			put.add(e.key, e.revision, e.value, &e.expires)
		}
	}
	batch := &pgx.Batch{}
	if len(put.keys) > 0 {
		batch.Queue(`
			INSERT INTO annex_current (key, rev, value, expires)
			SELECT * FROM unnest($1::text[], $2::bigint[], $3::bytea[], $4::bigint[])
			ON CONFLICT (key) DO UPDATE SET rev = excluded.rev, value = excluded.value, expires = excluded.expires`,
			put.keys, put.revs, put.values, put.expires)
	}
	if len(remove.keys) > 0 {
		batch.Queue(`DELETE FROM annex_current WHERE key = ANY($1)`, remove.keys)
	}
	batch.Queue(`
		INSERT INTO annex_log (rev, key, value, prev_rev, prev_value)
		SELECT * FROM unnest($1::bigint[], $2::text[], $3::bytea[], $4::bigint[], $5::bytea[])`,
		log.revs, log.keys, log.values, log.prevRevs, log.prevValues)
	batch.Queue(`UPDATE annex_meta SET revision = $1`, effects[len(effects)-1].revision)
	batch.Queue(`SELECT pg_notify($1, '')`, postgresChannel)
	batch.Queue(`COMMIT`)
	return batch
}

// columns are rows as arrays.
type columns struct {
	keys               []string
	revs, prevRevs     []int64
	values, prevValues [][]byte
	expires            []*int64
}

func (c *columns) add(key string, rev int64, value []byte, expires *int64) {
	c.keys = append(c.keys, key)
	c.revs = append(c.revs, rev)
	c.values = append(c.values, value)
	c.expires = append(c.expires, expires)
}
