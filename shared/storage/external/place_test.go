package external

import (
	"context"
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/apiserver/pkg/storage"

	"example.com/annex/shared/condition"
	"example.com/annex/shared/storage/postgrestest"
	annexsql "example.com/annex/shared/storage/sql"
)

// waiting is how long a test waits for what has to happen.
const waiting = 30 * time.Second

// ownersSchema is a table as a program of many years may have it.
const ownersSchema = `
CREATE SCHEMA legacy;
CREATE TABLE legacy.sites (code text PRIMARY KEY);
INSERT INTO legacy.sites VALUES ('ams1'), ('lon1');
CREATE TABLE legacy.boxes (
	id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	team       text,
	host       varchar(63),
	asset      text UNIQUE,
	site       text NOT NULL DEFAULT 'ams1' REFERENCES legacy.sites,
	rack       text,
	unit       smallint CHECK (unit BETWEEN 1 AND 48),
	cores      bigint NOT NULL CHECK (cores > 0),
	powered    boolean,
	state      text NOT NULL DEFAULT 'in_service' CHECK (state <> 'broken'),
	bought     date,
	cost       numeric(6,2),
	remark     varchar(10),
	grade      char(2),
	note       text NOT NULL DEFAULT '',
	seen       timestamptz,
	secret     text,
	updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	CONSTRAINT boxes_place UNIQUE (site, rack, unit),
	CONSTRAINT boxes_old_are_small CHECK (state <> 'retired' OR cores <= 64)
);
CREATE UNIQUE INDEX boxes_host ON legacy.boxes (team, host) WHERE state <> 'twin';
CREATE FUNCTION legacy.touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	NEW.updated_at := clock_timestamp();
	RETURN NEW;
END $$;
CREATE TRIGGER touch BEFORE UPDATE ON legacy.boxes FOR EACH ROW EXECUTE FUNCTION legacy.touch();`

func boxes() Mapping {
	return Mapping{
		Table: "legacy.boxes", Namespace: "team", Name: "host", Manager: "legacy",
		Columns: []Column{
			{Name: "id", Path: "status.number", Type: Int64, ReadOnly: true},
			{Name: "asset", Path: "spec.asset", Type: Text},
			{Name: "site", Path: "spec.place.site", Type: Text},
			{Name: "rack", Path: "spec.place.rack", Type: Text},
			{Name: "unit", Path: "spec.place.unit", Type: Int32},
			{Name: "cores", Path: "spec.cores", Type: Int32},
			{Name: "powered", Path: "spec.powered", Type: Bool},
			{Name: "state", Path: "spec.state", Type: Text, Values: map[string]string{"in_service": "InService", "retired": "Retired"}},
			{Name: "bought", Path: "spec.bought", Type: Date},
			{Name: "cost", Path: "spec.cost", Type: Decimal},
			{Name: "remark", Path: "spec.remark", Type: Text},
			{Name: "grade", Path: "spec.grade", Type: Text},
			{Name: "note", Path: "spec.note", Type: Text, Absent: new("")},
			{Name: "seen", Path: "status.seenTime", Type: Time, ReadOnly: true},
		},
		Constraints: map[string]Constraint{"boxes_old_are_small": {Path: "spec.state", Message: "only a box of 64 cores or less can be retired"}},
	}
}

var boxKind = schema.GroupVersionKind{Group: "legacy.example.com", Version: "v1", Kind: "Box"}

func boxConfig() Config {
	return Config{
		Mapping: boxes(), Kind: boxKind, Versions: []string{"v1", "v2"},
		Resource: schema.GroupResource{Group: boxKind.Group, Resource: "boxes"},
		FieldPath: func(version, path string) string {
			if version == "v2" && path == "spec.cores" {
				return "spec.size.cores"
			}
			return path
		},
		Prefix: "/annex", ResourcePrefix: "/legacy.example.com/boxes",
	}
}

// place is a database with the owner's table.
type place struct {
	server *postgrestest.Server
	dsn    string
	owner  *sql.DB
}

func newPlace(t testing.TB) place {
	t.Helper()
	server := postgrestest.New(t)
	p := place{server: server, dsn: server.Database(t)}
	config, err := pgx.ParseConfig(p.dsn)
	if err != nil {
		t.Fatal(err)
	}
	p.owner = stdlib.OpenDB(*config)
	t.Cleanup(func() { _ = p.owner.Close() })
	p.sql(t, ownersSchema)
	return p
}

// sql is what the owner does.
func (p place) sql(t testing.TB, statement string, arguments ...any) {
	t.Helper()
	if _, err := p.owner.ExecContext(t.Context(), statement, arguments...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// value is what the owner reads.
func (p place) value(t testing.TB, query string, arguments ...any) string {
	t.Helper()
	var value sql.NullString
	if err := p.owner.QueryRowContext(t.Context(), query, arguments...).Scan(&value); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return value.String
}

// replica is a server's storage of the table.
type replica struct {
	*Store
	table *Table
}

// open starts a replica, and waits until it is ready.
func (p place) open(t testing.TB, change ...func(*Config)) replica {
	t.Helper()
	r := p.start(t, change...)
	condition.Eventually(t.Context(), t, waiting, "the rows to be published", func(context.Context) error { return r.table.Ready() })
	return r
}

func (p place) start(t testing.TB, change ...func(*Config)) replica {
	t.Helper()
	database, err := annexsql.Open(t.Context(), annexsql.Options{PostgreSQL: p.dsn})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := database.Close(); err != nil {
			t.Error(err)
		}
	})
	config := boxConfig()
	for _, c := range change {
		c(&config)
	}
	table, err := New(database, config)
	if err != nil {
		t.Fatal(err)
	}
	stop := table.Start(context.WithoutCancel(t.Context()))
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	store, err := NewStore(table, annexsql.Config{Codec: unstructured.UnstructuredJSONScheme, New: func() runtime.Object { return &unstructured.Unstructured{} }})
	if err != nil {
		t.Fatal(err)
	}
	return replica{store, table}
}

// box is an object as the registry would hand it to the storage.
func box(name string, change ...func(*unstructured.Unstructured)) *unstructured.Unstructured {
	b := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"cores": int64(4)}}}
	b.SetGroupVersionKind(boxKind)
	b.SetNamespace("red")
	b.SetName(name)
	b.SetUID(types.UID("uid-" + name))
	b.SetGeneration(1)
	b.SetCreationTimestamp(metav1.Now())
	for _, c := range change {
		c(b)
	}
	return b
}

// setting is a change of a field.
func setting(value any, path ...string) func(*unstructured.Unstructured) {
	return func(b *unstructured.Unstructured) {
		if value == nil {
			unstructured.RemoveNestedField(b.Object, path...)
			return
		}
		if err := unstructured.SetNestedField(b.Object, value, path...); err != nil {
			panic(err)
		}
	}
}

func key(name string) string { return "/legacy.example.com/boxes/red/" + name }

func (r replica) create(t testing.TB, b *unstructured.Unstructured) *unstructured.Unstructured {
	t.Helper()
	created := &unstructured.Unstructured{}
	if err := r.Create(t.Context(), "/legacy.example.com/boxes/"+b.GetNamespace()+"/"+b.GetName(), b, created, 0); err != nil {
		t.Fatal(err)
	}
	return created
}

func (r replica) get(t testing.TB, name string) *unstructured.Unstructured {
	t.Helper()
	b := &unstructured.Unstructured{}
	if err := r.Get(t.Context(), key(name), storage.GetOptions{}, b); err != nil {
		t.Fatal(err)
	}
	return b
}

func (r replica) update(ctx context.Context, name string, change ...func(*unstructured.Unstructured)) (*unstructured.Unstructured, error) {
	updated := &unstructured.Unstructured{}
	err := r.GuaranteedUpdate(ctx, key(name), updated, false, nil, storage.SimpleUpdate(func(obj runtime.Object) (runtime.Object, error) {
		for _, c := range change {
			c(obj.(*unstructured.Unstructured))
		}
		return obj, nil
	}), nil)
	return updated, err
}

func (r replica) remove(ctx context.Context, name string) error {
	return r.Delete(ctx, key(name), &unstructured.Unstructured{}, nil, storage.ValidateAllObjectFunc, nil, storage.DeleteOptions{})
}

// names are the objects there are, in order.
func (r replica) names(t testing.TB) []string {
	t.Helper()
	list := &unstructured.UnstructuredList{Object: map[string]any{"apiVersion": "legacy.example.com/v1", "kind": "BoxList"}}
	if err := r.GetList(t.Context(), "/legacy.example.com/boxes", storage.ListOptions{Recursive: true, Predicate: storage.Everything}, list); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, item := range list.Items {
		names = append(names, item.GetNamespace()+"/"+item.GetName())
	}
	return names
}

func (r replica) watch(t testing.TB, resourceVersion string) watch.Interface {
	t.Helper()
	w, err := r.Watch(t.Context(), "/legacy.example.com/boxes", storage.ListOptions{Recursive: true, Predicate: storage.Everything, ResourceVersion: resourceVersion})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Stop)
	return w
}

// next is the next event of a watch.
func next(t testing.TB, w watch.Interface) (watch.EventType, *unstructured.Unstructured) {
	t.Helper()
	select {
	case event, open := <-w.ResultChan():
		if !open {
			t.Fatal("the watch has ended")
		}
		b, ok := event.Object.(*unstructured.Unstructured)
		if !ok {
			t.Fatalf("the event is %s %v", event.Type, event.Object)
		}
		return event.Type, b
	case <-time.After(waiting):
		t.Fatal("there is no event")
	}
	return "", nil
}

// wantEvent checks the next event of a watch.
func wantEvent(t testing.TB, w watch.Interface, kind watch.EventType, name string) *unstructured.Unstructured {
	t.Helper()
	got, b := next(t, w)
	if got != kind || b.GetName() != name {
		t.Fatalf("the event is %s %s, not %s %s", got, b.GetName(), kind, name)
	}
	return b
}

// field is a field as text; empty if it is not there.
func fieldOf(b *unstructured.Unstructured, path ...string) string {
	value, found, err := unstructured.NestedFieldNoCopy(b.Object, path...)
	if err != nil || !found {
		return ""
	}
	return fmt.Sprint(value)
}
