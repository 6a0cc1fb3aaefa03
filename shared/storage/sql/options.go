package sql

import (
	"errors"
	"time"
)

// Options say which database to open, and how. One of SQLite and PostgreSQL is set; the rest has defaults.
type Options struct {
	// SQLite is the path of a database file. It is made if it does not exist, its directory is not.
	SQLite string

	// PostgreSQL is a connection string, as libpq's
	// (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING): a URL, or key=value pairs. What it
	// leaves out is taken from the environment (PGHOST, PGPASSWORD, ...).
	PostgreSQL string

	// MaxReaders limits the connections that read. There are up to three more: one writes, one cleans up, and on
	// PostgreSQL one listens. Zero means 8.
	MaxReaders int

	// Timeout limits one transaction, whatever the context of the request says. Zero means 30 s.
	Timeout time.Duration

	// CompactionInterval is how long the log is kept, and how often it is compacted: a list or watch can continue from a
	// revision that is so old. Negative: never compact. Zero means 5 min, as kube-apiserver's
	// (storagebackend.DefaultCompactInterval). The watch cache wants 75 s at least
	// (cacher.DefaultEventFreshDuration).
	CompactionInterval time.Duration

	// ProgressInterval is how often a watch that asked for it is told the current revision, if nothing else happens.
	// Zero means 5 s, what kube-apiserver's documentation has etcd run with (--experimental-watch-progress-notify-interval).
	ProgressInterval time.Duration

	// PollInterval is how often the log is looked at when nothing said that it has changed. Zero means 1 s on PostgreSQL,
	// whose notifications may get lost with a connection, and 100 ms on SQLite, where another process that writes (the
	// owner of a table with triggers) can't notify.
	PollInterval time.Duration
}

func (o Options) withDefaults() (Options, error) {
	if (o.SQLite == "") == (o.PostgreSQL == "") {
		return o, errors.New("opening the database: one of the path of a SQLite file and a PostgreSQL connection string is needed")
	}
	setDefault(&o.MaxReaders, 8)
	setDefault(&o.Timeout, 30*time.Second)
	setDefault(&o.CompactionInterval, 5*time.Minute)
	setDefault(&o.ProgressInterval, 5*time.Second)
	if o.SQLite != "" {
		setDefault(&o.PollInterval, 100*time.Millisecond)
	}
	setDefault(&o.PollInterval, time.Second)
	return o, nil
}

func setDefault[T int | time.Duration](value *T, otherwise T) {
	if *value == 0 {
		*value = otherwise
	}
}
