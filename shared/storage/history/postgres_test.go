package history_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"example.com/annex/shared/storage/history"
	"example.com/annex/shared/storage/postgrestest"
	"example.com/annex/shared/storage/sql"
)

// postgres makes systems of two replicas, each with connections of its own, on a server that is killed, and started again.
type postgres struct {
	server *postgrestest.Server
	// dsn is of the one database: with each, a server that starts again after a crash has more files to look through.
	dsn string
	// record, if set, does the writing.
	record func(*sql.Database) (sql.SystemOfRecord, error)
}

func (p *postgres) name() string { return "PostgreSQL" }

// start starts the server, for all of t.
func (p *postgres) start(t *testing.T) {
	t.Helper()
	p.server = postgrestest.New(t)
	p.dsn = p.server.Database(t)
}

func (p *postgres) open(t *testing.T, cached bool) history.System {
	t.Helper()
	if err := execute(t.Context(), p.dsn, `DROP SCHEMA public CASCADE; CREATE SCHEMA public`); err != nil {
		t.Fatalf("emptying the database: %v", err)
	}
	all := &replicas{}
	t.Cleanup(func() {
		if err := all.close(); err != nil {
			t.Error(err)
		}
	})
	var proxies []*proxy
	var opts []sql.Options
	for range 2 {
		through := newProxy(t, p.server.Socket())
		proxies = append(proxies, through)
		o := options()
		// Of a string that names a host twice, the last holds.
		o.PostgreSQL = p.dsn + " host=" + through.directory
		opts = append(opts, o)
	}
	if err := all.open(t.Context(), cached, p.record, opts...); err != nil {
		t.Fatal(err)
	}
	return all.system(cached,
		history.Fault{Name: "kill -9 of the server", Do: p.crash},
		history.Fault{Name: "all connections terminated", Do: func(ctx context.Context) error { return execute(ctx, p.dsn, terminate) }},
		history.Fault{Name: "answers lost, and connections cut", Do: func(context.Context) error {
			for _, through := range proxies {
				through.cut()
			}
			return nil
		}},
		history.Fault{Name: "the connections of one replica cut", Do: func(context.Context) error {
			proxies[0].cut()
			return nil
		}},
	)
}

func (p *postgres) crash(ctx context.Context) error {
	p.server.Kill()
	return p.server.Resume(ctx)
}

// terminate ends all other connections.
const terminate = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`

func execute(ctx context.Context, dsn, statements string) error {
	connection, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	_, err = connection.Exec(ctx, statements)
	return errors.Join(err, connection.Close(ctx))
}

// temporary is a directory whose path is short enough for a socket in it.
func temporary(t testing.TB) string {
	t.Helper()
	directory, err := os.MkdirTemp("", "annex-history-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(directory); err != nil {
			t.Error(err)
		}
	})
	return directory
}

// artifacts is where a history that breaks something is kept: among Bazel's outputs, or in the temporary directory.
func artifacts(t testing.TB) string {
	t.Helper()
	directory, err := os.MkdirTemp(os.Getenv("TEST_UNDECLARED_OUTPUTS_DIR"), strings.ReplaceAll(t.Name(), "/", "-")+"-")
	if err != nil {
		t.Fatal(err)
	}
	return directory
}
