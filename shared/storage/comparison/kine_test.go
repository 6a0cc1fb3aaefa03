package comparison

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/k3s-io/kine/pkg/endpoint"
	"github.com/sirupsen/logrus"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/kubernetes"
	"go.uber.org/zap"

	"example.com/annex/shared/storage/postgrestest"
	"example.com/annex/shared/storage/storagetest"
	"example.com/annex/shared/storage/storagetest/backends"
)

// kineOnSQLite has kine's own parameters (sqlite.DefaultParams) but for one: its default is synchronous=NORMAL, which has a
// write be on disk some time after it was answered.
func kineOnSQLite() storagetest.Backend {
	return kine("kine, SQLite", func(t testing.TB) string {
		return "sqlite://" + filepath.Join(t.TempDir(), "kine.db") +
			"?_journal_mode=WAL&_busy_timeout=30000&_synchronous=FULL&_txlock=immediate&_stmt_cache_size=20&cache=shared"
	})
}

func kineOnPostgreSQL(server func() *postgrestest.Server) storagetest.Backend {
	return kine("kine, PostgreSQL", func(t testing.TB) string {
		config, err := pgx.ParseConfig(server().Database(t))
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("postgres://%s@/%s?host=%s&sslmode=disable", config.User, config.Database, config.Host)
	})
}

// kine serves in the test's process, as etcd does, on a Unix socket. Its settings are those of its command's flags
// (pkg/app/app.go), except that nothing is compacted, as nowhere else.
func kine(name string, database func(testing.TB) string) storagetest.Backend {
	return backends.OnEtcd(name, func(t testing.TB, config storagetest.Config) *kubernetes.Client {
		t.Helper()
		logrus.SetOutput(io.Discard)
		// Not t.TempDir: the path of a socket is 107 bytes at most.
		directory, err := os.MkdirTemp("", "kine-")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := os.RemoveAll(directory); err != nil {
				t.Error(err)
			}
		})
		// Not t.Context: the client is closed before.
		ctx, stop := context.WithCancel(context.Background())
		var running sync.WaitGroup
		t.Cleanup(func() {
			stop()
			running.Wait()
		})
		server, err := endpoint.Listen(ctx, endpoint.Config{
			WaitGroup:           &running,
			Listener:            "unix://" + filepath.Join(directory, "socket"),
			Endpoint:            database(t),
			NotifyInterval:      config.ProgressInterval,
			EmulatedETCDVersion: "3.6.11",
			CompactTimeout:      5 * time.Second,
			CompactMinRetain:    1000,
			CompactBatchSize:    1000,
			PollBatchSize:       500,
			PollInterval:        time.Second,
		})
		if err != nil {
			t.Fatal(err)
		}
		client, err := kubernetes.New(clientv3.Config{Endpoints: server.Endpoints, DialTimeout: 10 * time.Second, Logger: zap.NewNop()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := client.Close(); err != nil {
				t.Error(err)
			}
		})
		return client
	})
}
