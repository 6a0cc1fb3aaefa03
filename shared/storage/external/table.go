package external

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/klog/v2"

	annexsql "example.com/annex/shared/storage/sql"
)

const (
	// connections is how many writes, and batches of rows at the beginning, there are at once.
	connections = 8

	// timeout limits a transaction, whatever the context of the request says: package sql's default.
	timeout = 30 * time.Second

	// rowLockTimeout is how long a write waits for an owner's transaction that has the row.
	rowLockTimeout = 10 * time.Second

	// checkInterval is how often it is looked whether the table still fits, and which rows are left out.
	checkInterval = 5 * time.Second

	// retryInterval is how soon it is tried again to begin.
	retryInterval = time.Second
)

// Config is a table of another program's as a resource.
type Config struct {
	Mapping Mapping
	// Resource is what the rows are.
	Resource schema.GroupResource
	// Kind is the kind of the objects, in the version that is stored: the one that Mapping's paths are of.
	Kind schema.GroupVersionKind
	// Versions are all versions of the resource, by name. FieldPath says where one has the field that is at a path in the version
	// that is stored. Nil: all have all fields at the same paths.
	Versions  []string
	FieldPath func(version, path string) string
	// Prefix and ResourcePrefix are those of the sql.Config.
	Prefix, ResourcePrefix string
}

// prefix is what the keys in the database begin with.
func (c Config) prefix() string {
	return path.Join("/", c.Prefix, c.ResourcePrefix) + "/"
}

// Table is a table of another program's in a database. It is a SystemOfRecord.
type Table struct {
	config   Config
	database *annexsql.Database
	pool     *sql.DB
	// state is what the last look at the table has found: nil before the first.
	state atomic.Pointer[state]
	// leftOut is what was said of rows that are left out.
	leftOut leftOutReport
}

// state is how far a Table is.
type state struct {
	// err says why no request can be answered; nil if all can.
	err     error
	program *program
	catalog *catalog
}

var _ annexsql.SystemOfRecord = &Table{}

// New is a table in a database, which the caller closes after the Table. It fails if the Mapping is not usable, whatever the
// table is; nothing happens in the database before Run.
func New(database *annexsql.Database, config Config) (*Table, error) {
	if err := config.Mapping.validate(); err != nil {
		return nil, err
	}
	pool, err := database.Pool(connections, map[string]string{
		"lock_timeout":     fmt.Sprintf("%dms", rowLockTimeout.Milliseconds()),
		"application_name": "annex " + config.Resource.Resource,
	})
	if err != nil {
		return nil, fmt.Errorf("the table of %s: %w", config.Resource, err)
	}
	registerMetrics()
	return &Table{config: config, database: database, pool: pool}, nil
}

// Close closes the connections, after Run has returned.
func (t *Table) Close() error { return t.pool.Close() }

// Ready says why requests can't be answered: the rows are not all published yet, or the table does not fit the Mapping any more.
// Nil if they can.
func (t *Table) Ready() error {
	s := t.state.Load()
	if s == nil {
		return fmt.Errorf("the table of %s has not been looked at yet", t.config.Resource)
	}
	return s.err
}

// Run publishes the rows that are there, and then looks after the table until ctx ends.
func (t *Table) Run(ctx context.Context) {
	logger := klog.LoggerWithValues(klog.FromContext(ctx), "table", t.config.Mapping.Table, "resource", t.config.Resource.String())
	ctx = klog.NewContext(ctx, logger)
	begun := false
	for said := ""; ; {
		next := checkInterval
		s, err := t.look(ctx, begun)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			if !begun || said != "" {
				logger.Info("Serving the rows of a table")
			}
			begun, said = true, ""
			t.state.Store(s)
			t.reportLeftOut(ctx, s.program)
		case begun && !isMapping(err):
			// A database that is away says so to each request itself.
			logger.V(2).Info("Could not look at the table, trying again", "err", err)
		default:
			next = retryInterval
			t.state.Store(&state{err: err})
			if err.Error() != said {
				logger.Error(err, "The rows of the table can't be served, trying again")
				said = err.Error()
			}
		}
		timer := time.NewTimer(next)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

func isMapping(err error) bool {
	var mapping *mappingError
	return errors.As(err, &mapping)
}

// look finds out whether the table can be served; if not begun, it does what is needed.
func (t *Table) look(ctx context.Context, begun bool) (*state, error) {
	var s *state
	var err error
	if begun {
		s, err = t.verify(ctx)
	} else {
		s, err = t.install(ctx)
	}
	if err != nil {
		return nil, err
	}
	if err := t.backfill(ctx, s.program); err != nil {
		return nil, err
	}
	return s, nil
}

// Start runs a Table in the background. The function that it returns ends it, waits for that, and closes it.
func (t *Table) Start(ctx context.Context) (stop func() error) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { t.Run(ctx) })
	return sync.OnceValue(func() error {
		cancel()
		running.Wait()
		return t.Close()
	})
}

// rowOf is the namespace and name in a key; ok is false if it is none of this resource.
func (c Config) rowOf(key string) (namespace, name string, ok bool) {
	rest, ok := strings.CutPrefix(key, c.prefix())
	if !ok {
		return "", "", false
	}
	if c.Mapping.Namespace == "" {
		return "", rest, rest != "" && !strings.Contains(rest, "/")
	}
	namespace, name, ok = strings.Cut(rest, "/")
	return namespace, name, ok && namespace != "" && name != "" && !strings.Contains(name, "/")
}
