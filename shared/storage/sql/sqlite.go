package sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteDialect is a file. See https://www.sqlite.org/wal.html: readers have snapshots, and don't wait for the writer.
type sqliteDialect struct {
	path    string
	readers int
	lock    *fileLock
	// statements are those of the connection that writes, once it has written.
	statements *sqliteStatements
}

func newSQLite(options Options) (*sqliteDialect, error) {
	path, err := filepath.Abs(options.SQLite)
	if err != nil {
		return nil, fmt.Errorf("opening the SQLite database %s: %w", options.SQLite, err)
	}
	return &sqliteDialect{path: path, readers: options.MaxReaders}, nil
}

func (d *sqliteDialect) name() string { return "sqlite" }

func (d *sqliteDialect) open(ctx context.Context) (write, read *sql.DB, err error) {
	if d.lock, err = lockFile(d.path + ".lock"); err != nil {
		return nil, nil, fmt.Errorf("opening the SQLite database %s: %w", d.path, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("opening the SQLite database %s: %w", d.path, err), d.close())
		}
	}()
	// Objects can be secret, and SQLite itself would let everybody read a file that it makes. What it makes beside the file (-wal,
	// -shm) has the same mode.
	file, err := os.OpenFile(d.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, nil, err
	}
	if err := file.Close(); err != nil {
		return nil, nil, err
	}
	// Whatever the database is, these hold for each connection: a write is on disk when its commit returns.
	write, err = sql.Open("sqlite", d.dsn("journal_mode(WAL)", "synchronous(FULL)")+"&_txlock=immediate")
	if err != nil {
		return nil, nil, err
	}
	write.SetMaxOpenConns(1)
	if err := write.PingContext(ctx); err != nil {
		return nil, nil, errors.Join(err, write.Close())
	}
	if read, err = d.openReaders(); err != nil {
		return nil, nil, errors.Join(err, write.Close())
	}
	return write, read, nil
}

// openReaders returns connections that read a file that exists, whoever has the lock.
func (d *sqliteDialect) openReaders() (*sql.DB, error) {
	read, err := sql.Open("sqlite", d.dsn("query_only(1)")+"&mode=rw")
	if err != nil {
		return nil, err
	}
	read.SetMaxOpenConns(d.readers)
	read.SetMaxIdleConns(d.readers)
	return read, nil
}

func (d *sqliteDialect) alone(context.Context, *sql.DB) error { return nil }

func (d *sqliteDialect) dsn(pragmas ...string) string {
	// Another process may write for a moment: the one that owns a table with triggers.
	query := url.Values{"_pragma": append([]string{"busy_timeout(10000)"}, pragmas...)}
	file := url.URL{Scheme: "file", Path: d.path, RawQuery: query.Encode()}
	return file.String()
}

func (d *sqliteDialect) migrationLock(context.Context, *sql.Tx) error { return nil }

// writeLock has nothing left to lock: the transaction began with BEGIN IMMEDIATE.
func (d *sqliteDialect) writeLock(ctx context.Context, tx *sql.Tx) (revision int64, err error) {
	return revision, tx.QueryRowContext(ctx, `SELECT revision FROM annex_meta`).Scan(&revision)
}

func (d *sqliteDialect) compactionLock(context.Context, *sql.Tx) (bool, error) { return true, nil }

func (d *sqliteDialect) notify(context.Context, *sql.Tx) error { return nil }

// listen does nothing: the reader polls.
func (d *sqliteDialect) listen(ctx context.Context, _ func()) { <-ctx.Done() }

func (d *sqliteDialect) snapshot() *sql.TxOptions { return &sql.TxOptions{ReadOnly: true} }

func (d *sqliteDialect) now() string { return `CAST(unixepoch('subsec') * 1000 AS integer)` }

func (d *sqliteDialect) retryable(err error) bool {
	var failure *sqlite.Error
	return errors.As(err, &failure) && failure.Code()&0xff == sqlite3.SQLITE_BUSY
}

// unavailable is true for a file that can't be read or written for now, as on a disk that is full.
func (d *sqliteDialect) unavailable(err error) bool {
	var failure *sqlite.Error
	if !errors.As(err, &failure) {
		return errors.Is(err, context.DeadlineExceeded)
	}
	switch failure.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY:
		return true
	}
	return false
}

func (d *sqliteDialect) String() string { return "SQLite " + d.path }

func (d *sqliteDialect) close() error {
	if d.lock == nil {
		return nil
	}
	return d.lock.release()
}
