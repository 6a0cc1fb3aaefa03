package sql

import (
	"context"
	"database/sql"
	"errors"
)

// sqliteStatements are compiled once: to compile takes longer than to run them.
type sqliteStatements struct {
	revision, read, put, remove, log, advance *sql.Stmt
}

func (d *sqliteDialect) prepare(ctx context.Context, db *sql.DB) (*sqliteStatements, error) {
	var s sqliteStatements
	for _, p := range []struct {
		statement **sql.Stmt
		text      string
	}{
		{&s.revision, `SELECT revision, ` + d.now() + ` FROM annex_meta`},
		{&s.read, `SELECT rev, value, expires FROM annex_current WHERE key = $1`},
		{&s.put, `INSERT INTO annex_current (key, rev, value, expires) VALUES ($1, $2, $3, $4)
			ON CONFLICT (key) DO UPDATE SET rev = excluded.rev, value = excluded.value, expires = excluded.expires`},
		{&s.remove, `DELETE FROM annex_current WHERE key = $1`},
		{&s.log, `INSERT INTO annex_log (rev, key, value, prev_rev, prev_value) VALUES ($1, $2, $3, $4, $5)`},
		{&s.advance, `UPDATE annex_meta SET revision = $1`},
	} {
		var err error
		// They belong to the connections, and are closed with them.
		if *p.statement, err = db.PrepareContext(ctx, p.text); err != nil {
			return nil, err
		}
	}
	return &s, nil
}

func (d *sqliteDialect) writeBatch(ctx context.Context, db *sql.DB, keys []string, decide func(revision int64, present map[string]record) []*effect) (committing bool, err error) {
	if d.statements == nil {
		if d.statements, err = d.prepare(ctx, db); err != nil {
			return false, err
		}
	}
	// The lock is taken by BEGIN IMMEDIATE.
	tx, err := db.BeginTx(ctx, &sql.TxOptions{})
	if err != nil {
		return false, err
	}
	defer func() { _ = tx.Rollback() }()
	var revision, now int64
	if err := tx.StmtContext(ctx, d.statements.revision).QueryRowContext(ctx).Scan(&revision, &now); err != nil {
		return false, err
	}
	present := make(map[string]record, len(keys))
	read := tx.StmtContext(ctx, d.statements.read)
	for _, key := range keys {
		r := record{key: key, now: now}
		var expires sql.NullInt64
		if err := read.QueryRowContext(ctx, key).Scan(&r.rev, &r.value, &expires); err != nil && !errors.Is(err, sql.ErrNoRows) {
			return false, err
		}
		r.expires = expires.Int64
		present[key] = r
	}
	effects := decide(revision, present)
	if len(effects) == 0 {
		return false, nil
	}
	put, remove, log := tx.StmtContext(ctx, d.statements.put), tx.StmtContext(ctx, d.statements.remove), tx.StmtContext(ctx, d.statements.log)
	for _, e := range effects {
		if e.value == nil {
			_, err = remove.ExecContext(ctx, e.key)
		} else {
			_, err = put.ExecContext(ctx, e.key, e.revision, e.value, nullable(e.expires))
		}
		if err == nil {
			_, err = log.ExecContext(ctx, e.revision, e.key, e.value, e.before.rev, e.before.value)
		}
		if err != nil {
			return false, err
		}
	}
	if _, err := tx.StmtContext(ctx, d.statements.advance).ExecContext(ctx, effects[len(effects)-1].revision); err != nil {
		return false, err
	}
	return true, tx.Commit()
}
