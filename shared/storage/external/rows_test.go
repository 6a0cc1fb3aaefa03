package external

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/apiserver/pkg/storage"

	"example.com/annex/shared/condition"
)

// TestLeftOut: rows that can be no objects break no list, are told of, and appear once they are mended.
func TestLeftOut(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.sql(t, `INSERT INTO legacy.boxes (team, host, cores, state) VALUES ('red', 'good', 1, 'unheard of'), ('red', 'Not_A_Name', 1, 'x'), (NULL, 'a', 1, 'x'),
		('Red Team', 'a', 1, 'x'), ('red', NULL, 1, 'x'), ('red', 'big', 3000000000, 'x'), ('red', 'good', 2, 'twin')`)
	p.sql(t, `INSERT INTO legacy.boxes (team, host, cores, seen) VALUES ('red', 'ever', 1, 'infinity')`)
	r := p.open(t)
	if diff := cmp.Diff([]string{"red/good"}, r.names(t)); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
	if got := fieldOf(r.get(t, "good"), "spec", "state"); got != "unheard of" {
		t.Errorf("the state is %q", got)
	}
	const reasons = `SELECT string_agg(id || ' ' || reason, ', ' ORDER BY id) FROM annex_boxes_left_out`
	if got := p.value(t, reasons); got != "2 Name, 3 Namespace, 4 Namespace, 5 Name, 6 Value, 7 Duplicate, 8 Value" {
		t.Errorf("left out are %s", got)
	}
	if got := p.value(t, `SELECT problem FROM annex_boxes_left_out WHERE id = 6`); got != `cores can't be in spec.cores: '3000000000'` {
		t.Errorf("the problem is %s", got)
	}
	w := r.watch(t, r.get(t, "good").GetResourceVersion())
	p.sql(t, `UPDATE legacy.boxes SET host = 'mended' WHERE id = 2`)
	wantEvent(t, w, watch.Added, "mended")
	p.sql(t, `UPDATE legacy.boxes SET cores = 30 WHERE id = 6`)
	wantEvent(t, w, watch.Added, "big")
	// The other of two gets the name when the first gives it up.
	uid := r.get(t, "good").GetUID()
	p.sql(t, `UPDATE legacy.boxes SET host = 'best' WHERE id = 1`)
	wantEvent(t, w, watch.Deleted, "good")
	if renamed := wantEvent(t, w, watch.Added, "best"); renamed.GetUID() == uid || renamed.GetGeneration() != 1 {
		t.Errorf("under another name it is %v", renamed.Object)
	}
	if second := wantEvent(t, w, watch.Added, "good"); fieldOf(second, "spec", "cores") != "2" {
		t.Errorf("the second row of the name is %v", second.Object)
	}
	p.sql(t, `UPDATE legacy.boxes SET host = '-' WHERE id = 2`)
	wantEvent(t, w, watch.Deleted, "mended")
	p.sql(t, `DELETE FROM legacy.boxes WHERE id IN (3, 8)`)
	if got := p.value(t, reasons); got != "2 Name, 4 Namespace, 5 Name" {
		t.Errorf("left out are %s in the end", got)
	}
}

// TestTransactions: an object has one event for a transaction, rolled back or not; TRUNCATE deletes all.
func TestTransactions(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	r := p.open(t)
	w := r.watch(t, r.create(t, box("first")).GetResourceVersion())
	p.sql(t, `BEGIN; INSERT INTO legacy.boxes (team, host, cores) VALUES ('red', 'gone', 1); ROLLBACK`)
	p.sql(t, `BEGIN; INSERT INTO legacy.boxes (team, host, cores) VALUES ('red', 'a', 1); UPDATE legacy.boxes SET cores = 2; UPDATE legacy.boxes SET cores = 3;
		INSERT INTO legacy.boxes (team, host, cores) VALUES ('red', 'passing', 1); DELETE FROM legacy.boxes WHERE host = 'passing'; COMMIT`)
	if got := wantEvent(t, w, watch.Added, "a"); fieldOf(got, "spec", "cores") != "3" {
		t.Errorf("what was added is %v", got.Object)
	}
	wantEvent(t, w, watch.Modified, "first")
	p.sql(t, `UPDATE legacy.boxes SET id = DEFAULT WHERE host = 'a'`)
	p.sql(t, `TRUNCATE legacy.boxes`)
	gone := map[string]int{}
	for len(gone) < 2 {
		kind, b := next(t, w)
		if kind == watch.Deleted {
			gone[b.GetName()]++
		}
	}
	p.sql(t, `INSERT INTO legacy.boxes (team, host, cores) VALUES ('blue', 'last', 1)`)
	for kind, b := next(t, w); b.GetName() != "last"; kind, b = next(t, w) {
		if kind != watch.Deleted && kind != watch.Added {
			t.Errorf("there is an event %s %s", kind, b.GetName())
		}
	}
	if diff := cmp.Diff([]string{"blue/last"}, r.names(t)); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
}

// TestOwnerAltersTable: the owner goes on, the API says which column it misses, and what was written meanwhile is not lost.
func TestOwnerAltersTable(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	r := p.open(t)
	r.create(t, box("a"))
	p.sql(t, `ALTER TABLE legacy.boxes ADD COLUMN more text`)
	p.sql(t, `ALTER TABLE legacy.boxes RENAME COLUMN remark TO comment`)
	p.sql(t, `UPDATE legacy.boxes SET cores = 7`)
	p.sql(t, `INSERT INTO legacy.boxes (team, host, cores) VALUES ('red', 'b', 1)`)
	condition.Eventually(t.Context(), t, waiting, "it not to be ready", func(context.Context) error {
		if err := r.table.Ready(); err == nil || !strings.Contains(err.Error(), "no column remark (spec.remark)") {
			return fmt.Errorf("it says %w", err)
		}
		return nil
	})
	if err := r.Get(t.Context(), key("a"), storage.GetOptions{}, &unstructured.Unstructured{}); !apierrors.IsServiceUnavailable(err) {
		t.Errorf("reading gives %v", err)
	}
	if _, err := r.GetCurrentResourceVersion(t.Context()); !apierrors.IsServiceUnavailable(err) {
		t.Errorf("the current resourceVersion, which cached lists need, gives %v", err)
	}
	p.sql(t, `ALTER TABLE legacy.boxes RENAME COLUMN comment TO remark`)
	condition.Eventually(t.Context(), t, waiting, "it to be ready again", func(context.Context) error { return r.table.Ready() })
	if diff := cmp.Diff([]string{"red/a", "red/b"}, r.names(t)); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
	if got := fieldOf(r.get(t, "a"), "spec", "cores"); got != "7" {
		t.Errorf("cores are %s", got)
	}
}

// TestDisabledTrigger: nothing is served while the owner has a trigger disabled, and then what was written meanwhile is.
func TestDisabledTrigger(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	r := p.open(t)
	p.sql(t, `ALTER TABLE legacy.boxes DISABLE TRIGGER zz_annex_written`)
	p.sql(t, `INSERT INTO legacy.boxes (team, host, cores) VALUES ('red', 'unseen', 1)`)
	condition.Eventually(t.Context(), t, waiting, "it not to be ready", func(context.Context) error {
		if err := r.table.Ready(); err == nil || !strings.Contains(err.Error(), "zz_annex_written of table legacy.boxes is disabled") {
			return fmt.Errorf("it says %w", err)
		}
		return nil
	})
	p.sql(t, `ALTER TABLE legacy.boxes ENABLE TRIGGER zz_annex_written`)
	condition.Eventually(t.Context(), t, waiting, "it to be ready again", func(context.Context) error { return r.table.Ready() })
	if diff := cmp.Diff([]string{"red/unseen"}, r.names(t)); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
}

// TestNamesake: of two tables of one name, the second is refused.
func TestNamesake(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.sql(t, `CREATE SCHEMA other; CREATE TABLE other.boxes (LIKE legacy.boxes INCLUDING INDEXES)`)
	p.open(t)
	second := p.start(t, func(c *Config) { c.Mapping.Table = "other.boxes"; c.ResourcePrefix += "es" })
	condition.Eventually(t.Context(), t, waiting, "it to say why it is not served", func(context.Context) error {
		if err := second.table.Ready(); err == nil || !strings.Contains(err.Error(), "has the name of legacy.boxes") {
			return fmt.Errorf("it says %w", err)
		}
		return nil
	})
}

// TestMappingChanges: a server with another mapping publishes all rows anew, and keeps what is beside them.
func TestMappingChanges(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	r := p.open(t)
	created := r.create(t, box("a", setting("b", "metadata", "labels", "a"), setting("x", "spec", "secret")))
	second := p.open(t, func(c *Config) {
		c.Mapping.Columns = append(c.Mapping.Columns, Column{Name: "secret", Path: "spec.secret", Type: Text})
	})
	p.sql(t, `UPDATE legacy.boxes SET secret = 'y'`)
	got := second.get(t, "a")
	if got.GetUID() != created.GetUID() || got.GetLabels()["a"] != "b" || fieldOf(got, "spec", "secret") != "y" {
		t.Errorf("with another mapping it is %v", got.Object)
	}
	condition.Eventually(t.Context(), t, waiting, "the first to say that its mapping is another", func(context.Context) error {
		if err := r.table.Ready(); err == nil || !strings.Contains(err.Error(), "another mapping") {
			return fmt.Errorf("it says %w", err)
		}
		return nil
	})
}

func TestMappingsThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(*Mapping)
		want   string
	}{
		"no schema":       {func(m *Mapping) { m.Table = "boxes" }, "want a schema and a table"},
		"a long name":     {func(m *Mapping) { m.Table = "legacy." + strings.Repeat("a", 45) }, "more than 63 bytes"},
		"no name":         {func(m *Mapping) { m.Name = "" }, "Name is not set"},
		"no manager":      {func(m *Mapping) { m.Manager = "" }, "Manager is not set"},
		"a column twice":  {func(m *Mapping) { m.Columns[1].Name = "site" }, "stands twice"},
		"a path twice":    {func(m *Mapping) { m.Columns[1].Path = "spec.cores" }, "spec.cores stands twice"},
		"a type":          {func(m *Mapping) { m.Columns[1].Type = "Float" }, `no type "Float"`},
		"metadata":        {func(m *Mapping) { m.Columns[1].Path = "metadata.labels" }, "want one such as"},
		"words of number": {func(m *Mapping) { m.Columns[0].Values = map[string]string{"1": "One"} }, "only Text has Values"},
	} {
		m := boxes()
		tc.change(&m)
		if err := m.validate(); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
}
