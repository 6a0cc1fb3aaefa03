package backends

import (
	"context"
	stdsql "database/sql"
	"errors"
	"path/filepath"
	"sync/atomic"
	"testing"

	"go.etcd.io/etcd/client/v3/kubernetes"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/apis/example"
	"k8s.io/apiserver/pkg/storage"
	storagetesting "k8s.io/apiserver/pkg/storage/testing"
	"k8s.io/apiserver/pkg/storage/value"

	"example.com/annex/shared/storage/postgrestest"
	"example.com/annex/shared/storage/sql"
	"example.com/annex/shared/storage/storagetest"
)

// sqlBackend is package sql on one of its databases.
type sqlBackend struct {
	name string
	// options say where a new, empty database is.
	options func(t testing.TB) sql.Options
	// memory is what the database's processes have in memory; nil if they are this one.
	memory func() (int64, error)
}

// SQLite is package sql on a new file for each store.
func SQLite() storagetest.Backend {
	return sqlBackend{name: "SQLite", options: func(t testing.TB) sql.Options {
		return sql.Options{SQLite: filepath.Join(t.TempDir(), "objects.db")}
	}}
}

// PostgreSQL is package sql on a new database of a server for each store.
func PostgreSQL(server func() *postgrestest.Server) storagetest.Backend {
	return sqlBackend{
		name:    "PostgreSQL",
		options: func(t testing.TB) sql.Options { return sql.Options{PostgreSQL: server().Database(t)} },
		memory:  func() (int64, error) { return server().Memory() },
	}
}

func (b sqlBackend) Name() string { return b.name }

func (b sqlBackend) Bookmarks() bool { return true }

func (b sqlBackend) New(t testing.TB, config storagetest.Config) *storagetest.Instance {
	t.Helper()
	options := b.options(t)
	options.ProgressInterval = config.ProgressInterval
	options.CompactionInterval = -1 // Tests compact themselves.
	db, err := sql.Open(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	var reads atomic.Uint64
	lists := storagetesting.NewKubernetesRecorder(noEtcd{})
	pods := sql.Config{
		Codec:          config.Codec,
		New:            storagetest.NewPod,
		Prefix:         config.Prefix,
		ResourcePrefix: storagetest.ResourcePrefix,
		Resource:       storagetest.Resource,
		Transformer:    config.Transformer,
		ObserveRead: func(ctx context.Context, from string, revision, limit int64) {
			reads.Add(1)
			_, _ = lists.List(ctx, from, kubernetes.ListOptions{Revision: revision, Limit: limit})
		},
	}
	open := func(resource sql.Config) *sql.Store {
		store, err := sql.New(db, resource)
		if err != nil {
			t.Fatal(err)
		}
		return store
	}
	store := open(pods)
	other := pods
	other.ResourcePrefix = "/others/"
	other.Transformer = nil
	others := open(other)
	increase := func(ctx context.Context) (int64, error) {
		var written example.Pod
		err := others.GuaranteedUpdate(ctx, "/others/counter", &written, true, nil, storage.SimpleUpdate(count), nil)
		if err != nil {
			return 0, err
		}
		revision, err := storage.APIObjectVersioner{}.ObjectResourceVersion(&written)
		return int64(revision), err
	}
	_, _, corrupt := sql.NewCorruptObjectTransformer(brokenTransformer{}).TransformFromStorage(t.Context(), nil, nil)
	return &storagetest.Instance{
		Interface: store,
		Restarted: func() storage.Interface { return open(pods) },
		Compact: func(ctx context.Context, revision int64) error {
			if err := db.Compact(ctx, revision); err != nil {
				return err
			}
			_, err := increase(ctx)
			return err
		},
		Increase:           increase,
		Stored:             func(ctx context.Context, key string) ([]byte, error) { return stored(ctx, options, key) },
		Keys:               func(context.Context) ([]string, error) { return nil, nil },
		Lists:              lists,
		Reads:              func() uint64 { return reads.Swap(0) },
		Corrupt:            corrupt,
		Memory:             b.memory,
		WithCorruptObjects: sql.NewCorruptObjectStore(store, storagetest.Resource),
	}
}

// count changes a pod.
func count(obj runtime.Object) (runtime.Object, error) {
	pod := obj.(*example.Pod)
	pod.Generation++
	return pod, nil
}

// stored reads the bytes under a key past the Store.
func stored(ctx context.Context, options sql.Options, key string) (value []byte, err error) {
	driver, name := "pgx", options.PostgreSQL
	if options.SQLite != "" {
		driver, name = "sqlite", options.SQLite
	}
	db, err := stdsql.Open(driver, name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	err = db.QueryRowContext(ctx, `SELECT value FROM annex_current WHERE key = $1`, key).Scan(&value)
	return value, err
}

// brokenTransformer finds every object corrupt.
type brokenTransformer struct {
	value.Transformer
}

func (brokenTransformer) TransformFromStorage(context.Context, []byte, value.Context) ([]byte, bool, error) {
	return nil, false, errors.New("bits flipped")
}

// noEtcd is what the recorder hands requests over to.
type noEtcd struct {
	kubernetes.Interface
}

func (noEtcd) List(context.Context, string, kubernetes.ListOptions) (kubernetes.ListResponse, error) {
	return kubernetes.ListResponse{}, nil
}
