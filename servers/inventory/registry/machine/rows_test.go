package machine

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"example.com/annex/servers/inventory/apis/inventory"
	"example.com/annex/servers/inventory/cmdb/database"
	"example.com/annex/servers/inventory/cmdb/databasetest"
	"example.com/annex/shared/storage/external"
	"example.com/annex/shared/storage/sql"
)

// serve has a server begin with the rows, and returns how to find out whether it is ready, and how to end it.
func serve(t testing.TB, dsn string) (ready func() error, stop func()) {
	t.Helper()
	db, err := sql.Open(t.Context(), sql.Options{PostgreSQL: dsn})
	if err != nil {
		t.Fatal(err)
	}
	table, err := external.New(db, external.Config{
		Mapping:  mapping,
		Resource: schema.GroupResource{Group: inventory.GroupName, Resource: "machines"},
		Kind:     schema.GroupVersionKind{Group: inventory.GroupName, Version: "v1", Kind: "Machine"},
		Versions: []string{"v1", "v1beta1"}, FieldPath: Resource.FieldPath,
		Prefix: "/annex", ResourcePrefix: "/inventory.example.com/machines",
	})
	if err != nil {
		t.Fatal(err)
	}
	end := table.Start(context.WithoutCancel(t.Context()))
	return table.Ready, func() {
		if err := errors.Join(end(), db.Close()); err != nil {
			t.Error(err)
		}
	}
}

func waitReady(t testing.TB, ready func() error) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Minute); ready() != nil; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(ready())
		}
	}
}

// BenchmarkBeginning is how long it takes until 100,000 rows are served by two servers that start at once, and how slow the slowest
// write of the CMDB is meanwhile, at 100 a second; before, for comparison, without a server.
func BenchmarkBeginning(b *testing.B) {
	const rows, rate = 100000, 100
	for range b.N {
		b.StopTimer()
		cmdb, dsn := databasetest.New(b)
		if err := cmdb.Fill(b.Context(), "red", rows); err != nil {
			b.Fatal(err)
		}
		alone, cancel := context.WithTimeout(b.Context(), 10*time.Second)
		before, err := cmdb.Churn(alone, rate)
		cancel()
		if err != nil {
			b.Fatal(err)
		}
		ctx, cancel := context.WithCancel(b.Context())
		type result struct {
			database.Churned
			err error
		}
		churned := make(chan result, 1)
		go func() {
			done, err := cmdb.Churn(ctx, rate)
			churned <- result{done, err}
		}()
		b.StartTimer()
		first, stopFirst := serve(b, dsn)
		second, stopSecond := serve(b, dsn)
		waitReady(b, first)
		waitReady(b, second)
		b.StopTimer()
		cancel()
		during := <-churned
		stopFirst()
		stopSecond()
		if during.err != nil || during.Writes == 0 {
			b.Fatalf("the CMDB wrote %d times, %v", during.Writes, during.err)
		}
		b.ReportMetric(before.Slowest.Seconds()*1000, "ms-slowest-write-before")
		b.ReportMetric(during.Slowest.Seconds()*1000, "ms-slowest-write")
		b.ReportMetric(float64(during.Writes), "writes")
	}
}

// TestRights: the role of grants.sql is enough for the server, the CMDB's role needs none of the server's, and after uninstall.sql
// the CMDB's tables are as they were.
func TestRights(t *testing.T) {
	t.Parallel()
	_, dsn := databasetest.New(t)
	administrator := connect(t, dsn)
	execute(t, administrator, `CREATE ROLE cmdb LOGIN; GRANT USAGE ON SCHEMA cmdb TO cmdb; GRANT SELECT, INSERT, UPDATE, DELETE ON cmdb.machines TO cmdb`)
	execute(t, administrator, read(t, "grants.sql"))
	as := func(role string) string { return strings.Replace(dsn, "user=postgres", "user="+role, 1) }
	cmdb, err := database.Open(as("cmdb"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmdb.Close() })
	if err := cmdb.Fill(t.Context(), "red", 10); err != nil {
		t.Fatal(err)
	}
	objects := func() (count int) {
		if err := administrator.QueryRow(t.Context(), `SELECT count(*) FROM annex.annex_current`).Scan(&count); err != nil {
			t.Fatal(err)
		}
		return count
	}
	ready, stop := serve(t, as("annex"))
	waitReady(t, ready)
	if err := cmdb.Fill(t.Context(), "blue", 5); err != nil {
		t.Fatal(err)
	}
	stop()
	if got := objects(); got != 15 {
		t.Errorf("there are %d objects, not 15", got)
	}

	execute(t, connect(t, as("annex")), read(t, "uninstall.sql"))
	var left string
	err = administrator.QueryRow(t.Context(), `
		SELECT coalesce(string_agg(name, ' ' ORDER BY name), '') FROM (
			SELECT tgname::text AS name FROM pg_trigger WHERE tgname LIKE '%annex%'
			UNION SELECT proname FROM pg_proc WHERE proname LIKE 'annex%'
			UNION SELECT relname FROM pg_class WHERE relname LIKE 'annex\_machines%') AS found`).Scan(&left)
	if err != nil || left != "annex_external_manage" {
		t.Errorf("what is left is %s, %v, not what all external tables share", left, err)
	}
	if err := cmdb.Fill(t.Context(), "green", 5); err != nil {
		t.Errorf("then the CMDB can't write: %v", err)
	}
	if got := objects(); got != 0 {
		t.Errorf("there are %d objects, not 0", got)
	}
	ready, stop = serve(t, as("annex"))
	waitReady(t, ready)
	stop()
	if got := objects(); got != 20 {
		t.Errorf("in the end there are %d objects, not 20", got)
	}
}

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	connection, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close(context.WithoutCancel(t.Context())) })
	return connection
}

func execute(t *testing.T, connection *pgx.Conn, statements string) {
	t.Helper()
	if _, err := connection.Exec(t.Context(), statements); err != nil {
		t.Fatalf("%s: %v", statements, err)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", file))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
