package sql

import (
	"context"
	"database/sql"
)

// Times to live that are not a number of seconds.
const (
	ttlNone = 0  // never expire
	ttlKeep = -1 // expire when the present value would have
)

// write is one write of a key, on the condition that the key was last written at a certain revision.
type write struct {
	key string
	// expected is the revision of the last write; 0: the key must not be there.
	expected int64
	// value is what to write; nil deletes the key.
	value []byte
	// ttl is how many seconds the value will live.
	ttl int64

	ctx    context.Context
	result chan writeResult
}

// writeResult is what became of a write.
type writeResult struct {
	// revision is of the write; 0 if the condition did not hold.
	revision int64
	// present is what was there if the condition did not hold; its rev is 0 if nothing was.
	present record
	err     error
}

// write waits until w is committed, or known not to be. If ctx ends before that, or the connection, it is not known
// whether the write has taken place.
func (db *Database) write(ctx context.Context, w write) (revision int64, present record, err error) {
	w.ctx = ctx
	w.result = make(chan writeResult, 1)
	select {
	case db.writes <- &w:
	case <-ctx.Done():
		return 0, record{}, ctx.Err()
	case <-db.background.Done():
		return 0, record{}, ErrClosed
	}
	select {
	case r := <-w.result:
		return r.revision, r.present, r.err
	case <-ctx.Done():
		return 0, record{}, ctx.Err()
	case <-db.background.Done():
		return 0, record{}, ErrClosed
	}
}

// apply does the write in a transaction that has the write lock, if its condition holds. revision is what it would get.
func (w *write) apply(ctx context.Context, tx *sql.Tx, d dialect, revision int64) (writeResult, error) {
	present := record{key: w.key}
	var expires sql.NullInt64
	err := tx.QueryRowContext(ctx, `SELECT rev, value, expires, `+d.now()+` FROM annex_current WHERE key = $1`, w.key).
		Scan(&present.rev, &present.value, &expires, &present.now)
	if err != nil && err != sql.ErrNoRows {
		return writeResult{}, err
	}
	present.expires = expires.Int64
	if present.rev != w.expected {
		return writeResult{present: present}, nil
	}
	switch {
	case w.value == nil:
		_, err = tx.ExecContext(ctx, `DELETE FROM annex_current WHERE key = $1`, w.key)
	case w.ttl == ttlKeep:
		_, err = tx.ExecContext(ctx, `
			INSERT INTO annex_current (key, rev, value) VALUES ($1, $2, $3)
			ON CONFLICT (key) DO UPDATE SET rev = excluded.rev, value = excluded.value`, w.key, revision, w.value)
	case w.ttl == ttlNone:
		_, err = tx.ExecContext(ctx, `
			INSERT INTO annex_current (key, rev, value) VALUES ($1, $2, $3)
			ON CONFLICT (key) DO UPDATE SET rev = excluded.rev, value = excluded.value, expires = NULL`, w.key, revision, w.value)
	default:
		_, err = tx.ExecContext(ctx, `
			INSERT INTO annex_current (key, rev, value, expires) VALUES ($1, $2, $3, `+d.now()+` + $4)
			ON CONFLICT (key) DO UPDATE SET rev = excluded.rev, value = excluded.value, expires = excluded.expires`,
			w.key, revision, w.value, 1000*w.ttl)
	}
	if err != nil {
		return writeResult{}, err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO annex_log (rev, key, value, prev_rev, prev_value) VALUES ($1, $2, $3, $4, $5)`,
		revision, w.key, w.value, present.rev, present.value)
	return writeResult{revision: revision}, err
}
