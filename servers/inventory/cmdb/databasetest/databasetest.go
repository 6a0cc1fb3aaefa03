package databasetest

import (
	"testing"

	"example.com/annex/servers/inventory/cmdb/database"
	"example.com/annex/shared/storage/postgrestest"
)

// New makes a database with the CMDB's tables, in a PostgreSQL that runs until the test ends, and returns its data source name.
// Without PostgreSQL's programs the test fails.
func New(t testing.TB) (dsn string) {
	t.Helper()
	dsn = postgrestest.New(t).Database(t)
	tables, err := database.Open(dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer tables.Close()
	if err := tables.Create(t.Context()); err != nil {
		t.Fatal(err)
	}
	return dsn
}
