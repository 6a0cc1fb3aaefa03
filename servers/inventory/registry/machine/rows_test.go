package machine

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"example.com/annex/servers/inventory/apis/inventory"
	"example.com/annex/servers/inventory/cmdb/database"
	"example.com/annex/shared/storage/external"
	"example.com/annex/shared/storage/postgrestest"
	"example.com/annex/shared/storage/sql"
)

// newCMDB is a database with the CMDB's tables.
func newCMDB(t testing.TB) (cmdb *database.Database, dsn string) {
	t.Helper()
	dsn = postgrestest.New(t).Database(t)
	cmdb, err := database.Open(dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmdb.Close() })
	if err := cmdb.Create(t.Context()); err != nil {
		t.Fatal(err)
	}
	return cmdb, dsn
}

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
		cmdb, dsn := newCMDB(b)
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

// TestUninstall: the owner's table is left as it was, and a server may begin again.
func TestUninstall(t *testing.T) {
	t.Parallel()
	cmdb, dsn := newCMDB(t)
	if err := cmdb.Fill(t.Context(), "red", 10); err != nil {
		t.Fatal(err)
	}
	ready, stop := serve(t, dsn)
	waitReady(t, ready)
	stop()
	connection, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close(context.WithoutCancel(t.Context())) }()
	statements, err := os.ReadFile("../../uninstall.sql")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := connection.Exec(t.Context(), string(statements)); err != nil {
		t.Fatal(err)
	}
	var left string
	err = connection.QueryRow(t.Context(), `
		SELECT coalesce(string_agg(name, ' ' ORDER BY name), '') FROM (
			SELECT tgname::text AS name FROM pg_trigger WHERE tgname LIKE '%annex%'
			UNION SELECT proname FROM pg_proc WHERE proname LIKE 'annex%'
			UNION SELECT relname FROM pg_class WHERE relname LIKE 'annex\_machines%'
			UNION SELECT key FROM annex_current) AS found`).Scan(&left)
	if err != nil || left != "annex_external_manage" {
		t.Errorf("what is left is %s, %v, not what all external tables share", left, err)
	}
	var rows int
	if err := connection.QueryRow(t.Context(), `SELECT count(*) FROM cmdb.machines`).Scan(&rows); err != nil || rows != 10 {
		t.Errorf("the CMDB has %d machines, %v", rows, err)
	}
	ready, stop = serve(t, dsn)
	waitReady(t, ready)
	stop()
	var objects int
	if err := connection.QueryRow(t.Context(), `SELECT count(*) FROM annex_current`).Scan(&objects); err != nil || objects != 10 {
		t.Errorf("then there are %d objects, %v", objects, err)
	}
}
