package sql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

const (
	// postgresChannel is what writers notify. The payload is empty, so that PostgreSQL sends many as one.
	postgresChannel = "annex_log"

	// Advisory locks, of the database as a whole: "annex" in ASCII, and a digit.
	postgresMigrationLock  = 0x616e6e657831
	postgresCompactionLock = 0x616e6e657832

	// postgresServerName is how servers call themselves (pg_stat_activity).
	postgresServerName = "annex"

	// postgresWriters is how many connections write: one for the writer, one for compaction.
	postgresWriters = 2

	// postgresConnectTimeout limits one attempt to connect, unless the connection string does (connect_timeout).
	postgresConnectTimeout = 5 * time.Second

	// SQLSTATEs: https://www.postgresql.org/docs/current/errcodes-appendix.html
	postgresSerializationFailure = "40001"
	postgresDeadlockDetected     = "40P01"
	postgresReadOnly             = "25006"
)

// postgresDialect is a server.
type postgresDialect struct {
	config  *pgx.ConnConfig
	readers int
}

func newPostgres(options Options) (*postgresDialect, error) {
	config, err := parseDSN(options.PostgreSQL)
	if err != nil {
		return nil, err
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = postgresConnectTimeout
	}
	setRuntimeParameter(config, "application_name", postgresServerName)
	// A process that vanishes in a transaction would otherwise keep the others from writing until TCP notices.
	setRuntimeParameter(config, "idle_in_transaction_session_timeout", "10s")
	if config.ValidateConnect == nil {
		// The server behind an address changes in a failover: writes, and reads that are not stale, need the primary.
		config.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	return &postgresDialect{config: config, readers: options.MaxReaders}, nil
}

// oneLine is an error whose message has a line for each address that was tried.
type oneLine struct {
	error
}

func (e oneLine) Error() string { return strings.Join(strings.Fields(e.error.Error()), " ") }

func (e oneLine) Unwrap() error { return e.error }

func setRuntimeParameter(config *pgx.ConnConfig, name, value string) {
	if _, set := config.RuntimeParams[name]; !set {
		config.RuntimeParams[name] = value
	}
}

func (d *postgresDialect) name() string { return "postgres" }

func (d *postgresDialect) open(ctx context.Context) (write, read *sql.DB, err error) {
	write = stdlib.OpenDB(*d.config, stdlib.OptionAfterConnect(durable))
	write.SetMaxOpenConns(postgresWriters)
	write.SetMaxIdleConns(postgresWriters)
	if err := write.PingContext(ctx); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("connecting to PostgreSQL: %w", oneLine{err}), write.Close())
	}
	read = stdlib.OpenDB(*d.config)
	read.SetMaxOpenConns(d.readers)
	read.SetMaxIdleConns(d.readers)
	return write, read, nil
}

// pool makes connections for others that write.
func (d *postgresDialect) pool(connections int, parameters map[string]string) *sql.DB {
	config := d.config.Copy()
	maps.Copy(config.RuntimeParams, parameters)
	pool := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(durable))
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)
	return pool
}

// durable makes commits wait for the disk where the server's configuration has them not: a revision that has been seen,
// and is lost in a crash, would be given to another write.
func durable(ctx context.Context, connection *pgx.Conn) error {
	_, err := connection.Exec(ctx, `SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'`)
	return err
}

func (d *postgresDialect) alone(ctx context.Context, db *sql.DB) error {
	var count int
	err := db.QueryRowContext(ctx, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1`, postgresServerName).Scan(&count)
	if err != nil {
		return fmt.Errorf("asking who else is connected: %w", err)
	}
	if count > 0 {
		return fmt.Errorf("servers are using it (%d connections with the application_name %s): stop them first", count, postgresServerName)
	}
	return nil
}

func (d *postgresDialect) migrationLock(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, postgresMigrationLock)
	return err
}

func (d *postgresDialect) writeLock(ctx context.Context, tx *sql.Tx) (revision int64, err error) {
	return revision, tx.QueryRowContext(ctx, `SELECT revision FROM annex_meta FOR UPDATE`).Scan(&revision)
}

func (d *postgresDialect) compactionLock(ctx context.Context, tx *sql.Tx) (locked bool, err error) {
	return locked, tx.QueryRowContext(ctx, `SELECT pg_try_advisory_xact_lock($1)`, postgresCompactionLock).Scan(&locked)
}

func (d *postgresDialect) notify(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, `SELECT pg_notify($1, '')`, postgresChannel)
	return err
}

func (d *postgresDialect) snapshot() *sql.TxOptions {
	return &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
}

func (d *postgresDialect) now() string {
	return `(extract(epoch FROM clock_timestamp()) * 1000)::bigint`
}

func (d *postgresDialect) retryable(err error) bool {
	var failure *pgconn.PgError
	if !errors.As(err, &failure) {
		return false
	}
	return failure.Code == postgresSerializationFailure || failure.Code == postgresDeadlockDetected
}

// unavailable is true for what is no answer of the server, and for answers of one that is not there for us: that shuts down
// or starts, has no connection or disk left, has become a replica, or does not let us in any more.
func (d *postgresDialect) unavailable(err error) bool {
	var failure *pgconn.PgError
	if errors.As(err, &failure) {
		for _, class := range []string{"08", "28", "3D", "53", "57", "58"} {
			if strings.HasPrefix(failure.Code, class) {
				return true
			}
		}
		return failure.Code == postgresReadOnly
	}
	var network net.Error
	var connecting *pgconn.ConnectError
	return errors.As(err, &network) || errors.As(err, &connecting) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, pgconn.ErrConnClosed) || errors.Is(err, context.DeadlineExceeded)
}

func (d *postgresDialect) String() string {
	return fmt.Sprintf("PostgreSQL database %s at %s as %s", d.config.Database, net.JoinHostPort(d.config.Host, strconv.Itoa(int(d.config.Port))), d.config.User)
}

func (d *postgresDialect) close() error { return nil }
