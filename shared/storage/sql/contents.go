package sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
)

// Content is a key, and what is stored at it.
type Content struct {
	Key string
	// Value are the bytes as they are stored: encrypted, if they are.
	Value []byte
	// Revision is of the last write.
	Revision int64
	// Expires is when the key will be deleted, in milliseconds since 1970; 0 is never.
	Expires int64
}

// Contents is a database as those see it who copy it: keys and bytes. Nothing runs for it, and what is changed through it no
// watch sees: they end with 410 Gone.
type Contents struct {
	dialect dialect
	// writeDB is nil if the database is only read.
	writeDB, readDB *sql.DB
}

// Access is what Contents are opened for.
type Access int

const (
	// ReadShared reads a database that a server may be using.
	ReadShared Access = iota
	// ReadAlone reads one that no server is using, so that nothing changes meanwhile.
	ReadAlone
	// WriteAlone writes, and makes the tables if there are none.
	WriteAlone
)

// unfinishedKey is where it stands that a copy into this database has begun, and has not ended. The keys of objects begin
// with a slash.
const unfinishedKey = "annex.unfinished"

// scopeKey is where it stands what a backup is of.
const scopeKey = "annex.scope"

// postgresToolName is how those who copy a database call themselves, to tell them from servers.
const postgresToolName = "annex-storage"

// OpenContents opens a database. It fails if a server is using one that is wanted alone: on SQLite by its lock, on
// PostgreSQL by its connections.
func OpenContents(ctx context.Context, options Options, access Access) (_ *Contents, err error) {
	options, err = options.withDefaults()
	if err != nil {
		return nil, err
	}
	d, err := newDialect(options)
	if err != nil {
		return nil, err
	}
	c := &Contents{dialect: d}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.Close())
		}
	}()
	if lite, ok := d.(*sqliteDialect); ok && access != WriteAlone {
		if _, err := os.Stat(lite.path); err != nil {
			return nil, fmt.Errorf("opening the SQLite database: %w", err)
		}
	}
	if server, ok := d.(*postgresDialect); ok {
		server.config.RuntimeParams["application_name"] = postgresToolName
	}
	if lite, ok := d.(*sqliteDialect); ok && access == ReadShared {
		c.readDB, err = lite.openReaders()
	} else {
		c.writeDB, c.readDB, err = d.open(ctx)
	}
	if err != nil {
		return nil, err
	}
	if access != ReadShared {
		if err := d.alone(ctx, c.readDB); err != nil {
			return nil, fmt.Errorf("opening %s: %w", d, err)
		}
	}
	if access == WriteAlone {
		if err := migrate(ctx, c.writeDB, d); err != nil {
			return nil, fmt.Errorf("opening %s: %w", d, err)
		}
	}
	if _, err := c.Revision(ctx); err != nil {
		return nil, fmt.Errorf("opening %s: %w", d, err)
	}
	return c, nil
}

// Close closes the database.
func (c *Contents) Close() error {
	var errs []error
	for _, db := range []*sql.DB{c.writeDB, c.readDB} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(append(errs, c.dialect.close())...)
}

// String says which database it is: no password is in it.
func (c *Contents) String() string { return c.dialect.String() }

// Revision is that of the last write.
func (c *Contents) Revision(ctx context.Context) (revision int64, err error) {
	err = c.readDB.QueryRowContext(ctx, `SELECT revision FROM annex_meta`).Scan(&revision)
	if err != nil {
		return 0, fmt.Errorf("reading the revision: %w", err)
	}
	return revision, nil
}

// Scan calls yield with all that is stored under a prefix, in the order of keys, at one revision, which it returns. yield
// may keep the content. It fails if objects under the prefix are rows of a table that another program owns (package external):
// what is here of these is derived, and to write it here would leave the rows as they were.
func (c *Contents) Scan(ctx context.Context, prefix string, yield func(Content) error) (revision int64, err error) {
	tx, err := c.readDB.BeginTx(ctx, c.dialect.snapshot())
	if err != nil {
		return 0, fmt.Errorf("reading %s: %w", c, err)
	}
	defer func() { _ = tx.Rollback() }()
	if err := tx.QueryRowContext(ctx, `SELECT revision FROM annex_meta`).Scan(&revision); err != nil {
		return 0, fmt.Errorf("reading %s: %w", c, err)
	}
	if err := c.refuseTables(ctx, tx, directory(prefix)); err != nil {
		return 0, fmt.Errorf("reading %s: %w", c, err)
	}
	where, arguments := span{prefix: directory(prefix)}.where()
	rows, err := tx.QueryContext(ctx, `SELECT key, value, rev, coalesce(expires, 0) FROM annex_current WHERE `+where+` ORDER BY key`, arguments...)
	if err != nil {
		return 0, fmt.Errorf("reading %s: %w", c, err)
	}
	return revision, c.yield(rows, yield)
}

// refuseTables fails if a prefix has objects that are rows of another program's table.
func (c *Contents) refuseTables(ctx context.Context, tx *sql.Tx, prefix string) error {
	if _, ok := c.dialect.(*postgresDialect); !ok {
		return nil
	}
	var exists bool
	if err := tx.QueryRowContext(ctx, `SELECT to_regclass('annex_external') IS NOT NULL`).Scan(&exists); err != nil || !exists {
		return err
	}
	var table, below string
	err := tx.QueryRowContext(ctx, `SELECT name, prefix FROM annex_external WHERE starts_with(prefix, $1) OR starts_with($1, prefix) ORDER BY name LIMIT 1`, prefix).Scan(&table, &below)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return fmt.Errorf("objects under %s are rows of the table %s, which another program owns: copy that with PostgreSQL's own tools (pg_dump), and others with a narrower prefix or an API group", below, table)
}

// Between is what is stored at keys above one and up to another.
func (c *Contents) Between(ctx context.Context, above, upTo string) (found []Content, err error) {
	rows, err := c.readDB.QueryContext(ctx, `SELECT key, value, rev, coalesce(expires, 0) FROM annex_current WHERE key > $1 AND key <= $2 ORDER BY key`, above, upTo)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", c, err)
	}
	return found, c.yield(rows, func(content Content) error {
		found = append(found, content)
		return nil
	})
}

func (c *Contents) yield(rows *sql.Rows, yield func(Content) error) error {
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var content Content
		if err := rows.Scan(&content.Key, &content.Value, &content.Revision, &content.Expires); err != nil {
			return fmt.Errorf("reading %s: %w", c, err)
		}
		if err := yield(content); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("reading %s: %w", c, err)
	}
	return nil
}

// Unfinished is what Begin was told, if Finish has not followed; else empty.
func (c *Contents) Unfinished(ctx context.Context) (string, error) {
	return unfinished(ctx, c.readDB)
}

func unfinished(ctx context.Context, db *sql.DB) (string, error) {
	what, err := note(ctx, db, unfinishedKey)
	if err != nil {
		return "", fmt.Errorf("looking for an unfinished copy: %w", err)
	}
	return what, nil
}

// note is what stands at a key that is no object's; empty if there is none.
func note(ctx context.Context, db *sql.DB, key string) (string, error) {
	var what []byte
	err := db.QueryRowContext(ctx, `SELECT value FROM annex_current WHERE key = $1`, key).Scan(&what)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return string(what), err
}

// Scope is the prefix that the database is a backup of; empty if it is none.
func (c *Contents) Scope(ctx context.Context) (string, error) {
	prefix, err := note(ctx, c.readDB, scopeKey)
	if err != nil {
		return "", fmt.Errorf("reading what %s is a backup of: %w", c, err)
	}
	return prefix, nil
}

// SetScope notes what the database is a backup of.
func (c *Contents) SetScope(ctx context.Context, prefix string) error {
	return c.set(ctx, scopeKey, directory(prefix))
}

// Begin notes what is being done, and keeps servers from the database until Finish. It fails if one has started since the
// database was opened.
func (c *Contents) Begin(ctx context.Context, what string) error {
	if err := c.set(ctx, unfinishedKey, what); err != nil {
		return err
	}
	// A server that connects from here on sees the note.
	if err := c.dialect.alone(ctx, c.readDB); err != nil {
		return fmt.Errorf("writing %s: %w", c, err)
	}
	return nil
}

// set notes something at a key that is no object's.
func (c *Contents) set(ctx context.Context, key, what string) error {
	return c.change(ctx, func(tx *sql.Tx, _ int64) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO annex_current (key, rev, value) VALUES ($1, 0, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value`, key, []byte(what))
		return err
	})
}

// Write stores contents, with their revisions, and deletes keys, in one transaction.
func (c *Contents) Write(ctx context.Context, contents []Content, deletions []string) error {
	return c.change(ctx, func(tx *sql.Tx, _ int64) error {
		for _, content := range contents {
			expires := sql.NullInt64{Int64: content.Expires, Valid: content.Expires != 0}
			if _, err := tx.ExecContext(ctx, `
				INSERT INTO annex_current (key, rev, value, expires) VALUES ($1, $2, $3, $4)
				ON CONFLICT (key) DO UPDATE SET rev = excluded.rev, value = excluded.value, expires = excluded.expires`,
				content.Key, content.Revision, content.Value, expires); err != nil {
				return fmt.Errorf("writing %s: %w", content.Key, err)
			}
		}
		for _, key := range deletions {
			if _, err := tx.ExecContext(ctx, `DELETE FROM annex_current WHERE key = $1`, key); err != nil {
				return fmt.Errorf("deleting %s: %w", key, err)
			}
		}
		return nil
	})
}

// Finish ends what Begin began: the database gets a revision above its own and above another, up to which the log is gone,
// so that whoever watched before, or lists at an older revision, gets 410 Gone. What is stored under renumber counts as
// written at the new revision, unless renumber is empty.
func (c *Contents) Finish(ctx context.Context, above int64, renumber string) (revision int64, err error) {
	return revision, c.change(ctx, func(tx *sql.Tx, own int64) error {
		revision = max(own, above) + 1
		statements := []struct {
			statement string
			arguments []any
		}{
			{`DELETE FROM annex_current WHERE key = $1`, []any{unfinishedKey}},
			{`DELETE FROM annex_log`, nil},
			{`UPDATE annex_meta SET revision = $1, compact_revision = $1`, []any{revision}},
		}
		for _, s := range statements {
			if _, err := tx.ExecContext(ctx, s.statement, s.arguments...); err != nil {
				return err
			}
		}
		if renumber != "" {
			where, arguments := span{prefix: directory(renumber)}.where()
			if _, err := tx.ExecContext(ctx, fmt.Sprintf(`UPDATE annex_current SET rev = %d WHERE %s`, revision, where), arguments...); err != nil {
				return err
			}
		}
		return c.dialect.notify(ctx, tx)
	})
}

// change does something in a transaction that has the write lock.
func (c *Contents) change(ctx context.Context, do func(tx *sql.Tx, revision int64) error) error {
	tx, err := c.writeDB.BeginTx(ctx, &sql.TxOptions{})
	if err != nil {
		return fmt.Errorf("writing %s: %w", c, err)
	}
	defer func() { _ = tx.Rollback() }()
	revision, err := c.dialect.writeLock(ctx, tx)
	if err == nil {
		err = do(tx, revision)
	}
	if err == nil {
		err = tx.Commit()
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", c, err)
	}
	return nil
}

// directory is a prefix that ends in a slash.
func directory(prefix string) string { return strings.TrimSuffix(prefix, "/") + "/" }
