package history_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"k8s.io/apiserver/pkg/apis/example"
	"k8s.io/apiserver/pkg/storage"

	"example.com/annex/shared/storage/history"
	"example.com/annex/shared/storage/postgrestest"
	"example.com/annex/shared/storage/sql"
	"example.com/annex/shared/storage/storagetest"
)

// TestSameAnswersAsEtcd does the same on upstream's store and on the databases: every answer is the same.
func TestSameAnswersAsEtcd(t *testing.T) {
	server := postgrestest.New(t)
	for name, place := range map[string]func(t *testing.T, o *sql.Options){
		"SQLite":     func(t *testing.T, o *sql.Options) { o.SQLite = filepath.Join(t.TempDir(), "objects.db") },
		"PostgreSQL": func(t *testing.T, o *sql.Options) { o.PostgreSQL = server.Database(t) },
	} {
		t.Run(name, func(t *testing.T) {
			first := firstSeed()
			for i := range *rounds {
				seed := first + uint64(i)
				passed := t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
					o := options()
					place(t, &o)
					all := &replicas{}
					t.Cleanup(func() {
						if err := all.close(); err != nil {
							t.Error(err)
						}
					})
					if err := all.open(t.Context(), false, nil, o); err != nil {
						t.Fatal(err)
					}
					counted := countedCompaction{Replica: all.processes[0].bare, counter: newCounter(t, all.databases[0])}
					if err := history.Compare(t.Context(), counted, etcd{}.open(t, false).Replicas[0], history.Options{Seed: seed, Operations: 300}); err != nil {
						t.Errorf("%v; -seed %d -rounds 1 does the same again", err, seed)
					}
				})
				if !passed {
					break
				}
			}
		})
	}
}

func firstSeed() uint64 {
	if *seed != 0 {
		return *seed
	}
	return 1 + rand.Uint64N(1<<32)
}

// countedCompaction takes a revision for each compaction, as etcd3's compactor does, which notes in etcd what it has done.
type countedCompaction struct {
	history.Replica
	counter storage.Interface
}

func newCounter(t *testing.T, db *sql.Database) storage.Interface {
	t.Helper()
	json, _ := storagetest.NewCodecs()
	store, err := sql.New(db, sql.Config{Codec: json, New: storagetest.NewPod, Prefix: "/registry", ResourcePrefix: "/compactions/", Resource: storagetest.Resource})
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func (c countedCompaction) Compact(ctx context.Context, revision uint64) error {
	if err := c.counter.Create(ctx, fmt.Sprintf("/compactions/%d", revision), &example.Pod{}, nil, 0); err != nil {
		return err
	}
	return c.Replica.Compact(ctx, revision)
}
