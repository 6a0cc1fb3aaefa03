package databasetest

import (
	"testing"

	"example.com/annex/servers/inventory/cmdb/database"
	"example.com/annex/shared/storage/postgrestest"
)

// New makes a database with the CMDB's tables, in a PostgreSQL that runs until the test ends, and says how to connect to it. Without
// PostgreSQL's programs the test fails.
func New(t testing.TB) (cmdb *database.Database, dsn string) {
	t.Helper()
	dsn = postgrestest.New(t).Database(t)
	cmdb, err := database.Open(dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cmdb.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := cmdb.Create(t.Context()); err != nil {
		t.Fatal(err)
	}
	return cmdb, dsn
}
