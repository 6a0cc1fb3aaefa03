package sql

import (
	"context"
	"database/sql"
	"fmt"
)

// state is where a database stands.
type state struct {
	// revision is of the last write.
	revision int64
	// compacted is the revision up to which the log is gone.
	compacted int64
}

// compactedError says that a revision can't be read any more.
type compactedError struct {
	revision, compacted int64
}

func (e *compactedError) Error() string {
	return fmt.Sprintf("revision %d is gone: the log is compacted up to %d", e.revision, e.compacted)
}

// futureError says that a revision is still to come.
type futureError struct {
	revision, current int64
}

func (e *futureError) Error() string {
	return fmt.Sprintf("revision %d is still to come: the last one is %d", e.revision, e.current)
}

// state reads where the database stands: a linearizable read.
func (db *Database) state(ctx context.Context) (s state, err error) {
	ctx, cancel := context.WithTimeout(ctx, db.options.Timeout)
	defer cancel()
	err = db.readDB.QueryRowContext(ctx, `SELECT revision, compact_revision FROM annex_meta`).Scan(&s.revision, &s.compacted)
	return s, err
}

// snapshot calls read with a transaction that sees one state of the database, and says which.
func (db *Database) snapshot(ctx context.Context, read func(context.Context, *sql.Tx, state) error) error {
	ctx, cancel := context.WithTimeout(ctx, db.options.Timeout)
	defer cancel()
	tx, err := db.readDB.BeginTx(ctx, db.dialect.snapshot())
	if err != nil {
		return err
	}
	// There is nothing to commit.
	defer func() { _ = tx.Rollback() }()
	var s state
	if err := tx.QueryRowContext(ctx, `SELECT revision, compact_revision FROM annex_meta`).Scan(&s.revision, &s.compacted); err != nil {
		return err
	}
	return read(ctx, tx, s)
}

// get reads the current value of a key, and the revision of the database at that moment. The record's rev is 0 if there
// is none.
func (db *Database) get(ctx context.Context, key string) (r record, revision int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, db.options.Timeout)
	defer cancel()
	var rev, expires sql.NullInt64
	// One statement is one snapshot.
	err = db.readDB.QueryRowContext(ctx, `
		SELECT m.revision, c.rev, c.value, c.expires, `+db.dialect.now()+`
		FROM annex_meta m LEFT JOIN annex_current c ON c.key = $1`, key).Scan(&revision, &rev, &r.value, &expires, &r.now)
	r.key, r.rev, r.expires = key, rev.Int64, expires.Int64
	return r, revision, err
}
