package storagetest_test

import (
	"sync"
	"testing"

	"example.com/annex/shared/storage/postgrestest"
	"example.com/annex/shared/storage/storagetest"
)

// TestStorage has everything on every backend. To run a part: -run TestStorage/SQLite/store/List.
func TestStorage(t *testing.T) {
	storagetest.Run(t, sqlite(), postgres(oneServer(t)), etcd{})
}

// oneServer starts a PostgreSQL server when it is needed first, for all that t runs.
func oneServer(t testing.TB) func(testing.TB) *postgrestest.Server {
	start := sync.OnceValue(func() *postgrestest.Server { return postgrestest.New(t) })
	return func(testing.TB) *postgrestest.Server { return start() }
}
