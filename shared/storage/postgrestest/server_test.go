package postgrestest_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"example.com/annex/shared/storage/postgrestest"
)

func TestServerKeepsWhatIsCommittedWhenItIsKilled(t *testing.T) {
	server := postgrestest.New(t)
	database := server.Database(t)
	execute(t, database, `CREATE TABLE kept (n int); INSERT INTO kept VALUES (42)`)
	server.Kill()
	if _, err := pgx.Connect(t.Context(), database); err == nil {
		t.Fatal("a server that was killed answers")
	}
	server.Start(t)
	connection, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close(context.Background()) }()
	var n int
	if err := connection.QueryRow(t.Context(), `SELECT n FROM kept`).Scan(&n); err != nil || n != 42 {
		t.Errorf("what was committed is %d, %v", n, err)
	}
}

func TestDatabasesAreSeparate(t *testing.T) {
	server := postgrestest.New(t)
	execute(t, server.Database(t), `CREATE TABLE here (n int)`)
	execute(t, server.Database(t), `CREATE TABLE here (n int)`)
}

func execute(t *testing.T, database, statement string) {
	t.Helper()
	connection, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close(context.Background()) }()
	if _, err := connection.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}
