package sql

import (
	"context"
	"database/sql"
)

// dialect is what differs between the databases.
type dialect interface {
	// name is the database's, for error messages, metrics, and the directory of its migrations.
	name() string

	// open returns the connections that write and those that read. They belong to the caller.
	open(ctx context.Context) (write, read *sql.DB, err error)

	// alone fails if another process uses the database as a server does. SQLite's lock has seen to that when it is open.
	alone(ctx context.Context, db *sql.DB) error

	// migrationLock keeps others from migrating until the transaction ends.
	migrationLock(ctx context.Context, tx *sql.Tx) error

	// writeLock takes the lock that makes writes one after another, and returns the revision of the last.
	writeLock(ctx context.Context, tx *sql.Tx) (revision int64, err error)

	// writeBatch reads keys in a transaction that has the write lock, has decide say what changes, and commits that. decide
	// is called with the revision of the last write, and a record for each key: rev is 0 if nothing is there. Its effects are
	// of consecutive revisions; if there are none, nothing is committed. If writeBatch fails while committing, the changes
	// may have been made. It is called by one goroutine.
	writeBatch(ctx context.Context, db *sql.DB, keys []string, decide func(revision int64, present map[string]record) []*effect) (committing bool, err error)

	// compactionLock says whether this process may compact, until the transaction ends.
	compactionLock(ctx context.Context, tx *sql.Tx) (bool, error)

	// notify wakes the readers of other processes when the transaction commits.
	notify(ctx context.Context, tx *sql.Tx) error

	// listen calls wake whenever another process may have written, until ctx is done.
	listen(ctx context.Context, wake func())

	// snapshot are the options of a transaction that sees one state of the database.
	snapshot() *sql.TxOptions

	// now is an expression: milliseconds since 1970, by the database's clock.
	now() string

	// retryable says that a transaction failed, and was rolled back, only because of other transactions.
	retryable(err error) bool

	// unavailable says that the database could not be reached, or could not serve for now.
	unavailable(err error) bool

	// String says which database it is, to people: nothing secret.
	String() string

	// close gives up what open took besides the connections.
	close() error
}
