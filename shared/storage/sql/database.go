package sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"k8s.io/klog/v2"
)

// ErrClosed is what is returned once a Database is closed.
var ErrClosed = errors.New("the database is closed")

// Database is one database, with everything that a process runs for it. It is safe for concurrent use.
type Database struct {
	options Options
	dialect dialect
	// Writers that wait for their turn must not keep readers from a connection, nor the other way round.
	writeDB, readDB *sql.DB

	writes    chan *write
	log       *logReader
	compacted atomic.Int64

	// background is done when the database is closed.
	background context.Context
	stop       context.CancelFunc
	tasks      sync.WaitGroup
}

// Open opens a database, brings its tables up to date, and starts what runs for it until Close. ctx limits the opening
// only. Its logger is used further on.
func Open(ctx context.Context, options Options) (*Database, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	d, err := newDialect(options)
	if err != nil {
		return nil, err
	}
	opening, cancel := context.WithTimeout(ctx, options.Timeout)
	defer cancel()
	writeDB, readDB, err := d.open(opening)
	if err != nil {
		return nil, err
	}
	registerMetrics()
	announceFeatures()
	background, stop := context.WithCancel(klog.NewContext(context.Background(), klog.LoggerWithValues(klog.FromContext(ctx), "database", d.name())))
	db := &Database{
		options:    options,
		dialect:    d,
		writeDB:    writeDB,
		readDB:     readDB,
		writes:     make(chan *write, maxBatch),
		background: background,
		stop:       stop,
	}
	db.log = newLogReader(db)
	err = migrate(opening, writeDB, d)
	if err == nil {
		err = refuseUnfinished(opening, readDB)
	}
	if err == nil {
		err = db.log.start(opening)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the %s database: %w", d.name(), err), db.Close())
	}
	for _, task := range []func(context.Context){
		db.writeAll,
		db.log.run,
		func(ctx context.Context) { d.listen(ctx, db.log.wake) },
		db.compactRegularly,
		db.expireRegularly,
	} {
		db.tasks.Go(func() { task(background) })
	}
	return db, nil
}

// refuseUnfinished fails if the database has a part only of what is being copied into it.
func refuseUnfinished(ctx context.Context, db *sql.DB) error {
	what, err := unfinished(ctx, db)
	if err != nil || what == "" {
		return err
	}
	return fmt.Errorf("it has a part only of what was being copied into it (%s): finish that, with annex storage copy --resume or annex storage restore", what)
}

func newDialect(options Options) (dialect, error) {
	if options.SQLite != "" {
		return newSQLite(options)
	}
	return newPostgres(options)
}

// Pool makes connections for transactions of a SystemOfRecord, so many at most, with parameters of the server for each
// (lock_timeout, ...). The caller closes it before the Database. Only PostgreSQL has it.
func (db *Database) Pool(connections int, parameters map[string]string) (*sql.DB, error) {
	d, ok := db.dialect.(*postgresDialect)
	if !ok {
		return nil, fmt.Errorf("a %s database can't have tables that another program owns: use PostgreSQL", db.dialect.name())
	}
	return d.pool(connections, parameters), nil
}

// Wake has the log read now: for who has written to it. It never blocks.
func (db *Database) Wake() { db.log.wake() }

// Close ends all watches, and waits until nothing uses the database any more. Writes that wait fail with ErrClosed.
func (db *Database) Close() error {
	db.stop()
	db.tasks.Wait()
	return errors.Join(db.writeDB.Close(), db.readDB.Close(), db.dialect.close())
}

// String says which database it is: no password is in it.
func (db *Database) String() string { return db.dialect.String() }

// Check says whether the database can be reached. It is for health checks.
func (db *Database) Check(ctx context.Context) error {
	if _, err := db.state(ctx); err != nil {
		return fmt.Errorf("the %s database can't be read: %w", db.dialect.name(), err)
	}
	return nil
}

// CompactRevision is the revision up to which the log is known to be gone; 0 if none of it is.
func (db *Database) CompactRevision() int64 { return db.compacted.Load() }

// observeCompaction takes note of a compaction, whoever did it.
func (db *Database) observeCompaction(revision int64) {
	for {
		known := db.compacted.Load()
		if revision <= known || db.compacted.CompareAndSwap(known, revision) {
			return
		}
	}
}
