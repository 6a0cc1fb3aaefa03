package external

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/watch"
)

// TestBothSides: what either side writes, the other reads.
func TestBothSides(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.sql(t, `INSERT INTO legacy.boxes (team, host, cores, rack, seen) VALUES ('red', 'old', 8, 'r1', '2026-01-02T03:04:05.678+01:00')`)
	r := p.open(t)
	old := r.get(t, "old")
	got := map[string]any{"spec": old.Object["spec"], "status": old.Object["status"]}
	want := map[string]any{
		"spec":   map[string]any{"cores": int64(8), "state": "InService", "note": "", "place": map[string]any{"site": "ams1", "rack": "r1"}},
		"status": map[string]any{"number": int64(1), "seenTime": "2026-01-02T02:04:05Z"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the row as an object (-want +got):\n%s", diff)
	}
	if old.GetUID() == "" || old.GetGeneration() != 1 || old.GetCreationTimestamp().Unix() <= 0 || old.GetKind() != "Box" {
		t.Errorf("its metadata is %v", old.Object["metadata"])
	}

	w := r.watch(t, old.GetResourceVersion())
	created := r.create(t, box("new", setting("Retired", "spec", "state"), setting("1.239", "spec", "cost"), setting("x", "spec", "other"), setting("A+", "spec", "grade")))
	if got := fieldOf(created, "spec", "cost"); got != "1.24" {
		t.Errorf("the cost is %s, which the database has not rounded", got)
	}
	if got := p.value(t, `SELECT team || ' ' || host || ' ' || cores || ' ' || state || ' ' || cost || ' ' || site FROM legacy.boxes WHERE host = 'new'`); got != "red new 4 retired 1.24 ams1" {
		t.Errorf("the row is %s", got)
	}
	if got := fieldOf(created, "spec", "grade"); got != "A+" {
		t.Errorf("the grade is %q", got)
	}
	if fieldOf(created, "spec", "other") != "x" || created.GetUID() != "uid-new" || fieldOf(created, "spec", "place", "site") != "ams1" {
		t.Errorf("what was created is %v", created.Object)
	}
	wantEvent(t, w, watch.Added, "new")
	p.sql(t, `UPDATE legacy.boxes SET cores = 16 WHERE host = 'new'`)
	changed := wantEvent(t, w, watch.Modified, "new")
	if fieldOf(changed, "spec", "cores") != "16" || changed.GetGeneration() != 2 || fieldOf(changed, "spec", "other") != "x" || changed.GetUID() != "uid-new" {
		t.Errorf("after an UPDATE it is %v", changed.Object)
	}
	// Nothing that is in the object has changed.
	p.sql(t, `UPDATE legacy.boxes SET secret = 'x' WHERE host = 'new'`)
	if _, err := r.update(t.Context(), "new", setting("y", "metadata", "labels", "a")); err != nil {
		t.Fatal(err)
	}
	labelled := wantEvent(t, w, watch.Modified, "new")
	if labelled.GetLabels()["a"] != "y" || labelled.GetGeneration() != 2 {
		t.Errorf("with a label it is %v", labelled.Object)
	}
	if err := r.remove(t.Context(), "new"); err != nil {
		t.Fatal(err)
	}
	wantEvent(t, w, watch.Deleted, "new")
	if got := p.value(t, `SELECT count(*) FROM legacy.boxes WHERE host = 'new'`); got != "0" {
		t.Errorf("after the deletion there are %s rows", got)
	}
	p.sql(t, `DELETE FROM legacy.boxes`)
	wantEvent(t, w, watch.Deleted, "old")
	if got := p.value(t, `SELECT count(*) FROM annex_boxes_metadata`); got != "0" {
		t.Errorf("in the end there are %s rows of metadata", got)
	}
}
