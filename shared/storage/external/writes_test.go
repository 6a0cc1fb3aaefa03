package external

import (
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/storage"
)

// TestConstraints: what the database refuses is 422, and names the field.
func TestConstraints(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.sql(t, `INSERT INTO legacy.boxes (team, host, cores, asset, site, rack, unit) VALUES ('red', 'taken', 1, 'A1', 'ams1', 'r1', 1)`)
	p.sql(t, `CREATE FUNCTION legacy.veto() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		IF NEW.rack = 'forbidden' THEN RAISE EXCEPTION 'no such rack'; END IF;
		IF NEW.rack = 'ignored' THEN RETURN NULL; END IF;
		IF NEW.rack = 'renamed' THEN NEW.host := 'other'; END IF;
		RETURN NEW; END $$;
		CREATE TRIGGER veto BEFORE INSERT OR UPDATE ON legacy.boxes FOR EACH ROW EXECUTE FUNCTION legacy.veto()`)
	r := p.open(t)
	r.create(t, box("changed"))
	type change = func(*unstructured.Unstructured)
	for name, tc := range map[string]struct {
		changes []change
		field   string
		message string
	}{
		"NOT NULL":             {[]change{setting(nil, "spec", "cores")}, "spec.cores", "Required value"},
		"CHECK of a column":    {[]change{setting(int64(-1), "spec", "cores")}, "spec.cores", "boxes_cores_check"},
		"CHECK of two columns": {[]change{setting("Retired", "spec", "state"), setting(int64(65), "spec", "cores")}, "spec.state", "only a box of 64 cores or less can be retired"},
		"CHECK of a word":      {[]change{setting("broken", "spec", "state")}, "spec.state", "boxes_state_check"},
		"FOREIGN KEY":          {[]change{setting("mars", "spec", "place", "site")}, "spec.place.site", "foreign key"},
		"UNIQUE":               {[]change{setting("A1", "spec", "asset")}, "spec.asset", "Duplicate value"},
		"UNIQUE of several": {[]change{setting("ams1", "spec", "place", "site"), setting("r1", "spec", "place", "rack"), setting(int64(1), "spec", "place", "unit")},
			"spec.place.", "Duplicate value"},
		"a range":            {[]change{setting(int64(49), "spec", "place", "unit")}, "spec.place.unit", "boxes_unit_check"},
		"a type's range":     {[]change{setting(int64(40000), "spec", "place", "unit")}, "spec.place.unit", "out of range"},
		"a length":           {[]change{setting("more than ten", "spec", "remark")}, "spec.remark", "too long"},
		"a date":             {[]change{setting("2026-02-30", "spec", "bought")}, "spec.bought", "out of range"},
		"no date":            {[]change{setting("soon", "spec", "bought")}, "spec.bought", "invalid input syntax"},
		"a number":           {[]change{setting("much", "spec", "cost")}, "spec.cost", "invalid input syntax"},
		"digits":             {[]change{setting("12345.00", "spec", "cost")}, "spec.cost", "overflow"},
		"a trigger":          {[]change{setting("forbidden", "spec", "place", "rack")}, "spec", "no such rack"},
		"a silent trigger":   {[]change{setting("ignored", "spec", "place", "rack")}, "spec", "has kept the row"},
		"a renaming trigger": {[]change{setting("renamed", "spec", "place", "rack")}, "metadata.name", "another name"},
	} {
		t.Run(name, func(t *testing.T) {
			expect := func(verb string, err error) {
				t.Helper()
				status, ok := err.(apierrors.APIStatus)
				if !ok || status.Status().Code != 422 || len(status.Status().Details.Causes) != 1 {
					t.Fatalf("%s gives %v, not 422 with a cause", verb, err)
				}
				cause := status.Status().Details.Causes[0]
				if !strings.HasPrefix(cause.Field, tc.field) || !strings.Contains(cause.Message, tc.message) {
					t.Errorf("%s: the cause is %q: %s, not %q: %s", verb, cause.Field, cause.Message, tc.field, tc.message)
				}
			}
			expect("creating", r.Create(t.Context(), key("new"), box("new", tc.changes...), &unstructured.Unstructured{}, 0))
			_, err := r.update(t.Context(), "changed", tc.changes...)
			expect("updating", err)
			if got := p.value(t, `SELECT string_agg(host || cores, ' ' ORDER BY host) FROM legacy.boxes`); got != "changed4 taken1" {
				t.Errorf("then the rows are %s", got)
			}
		})
	}
	t.Run("the field of the request's version", func(t *testing.T) {
		ctx := request.WithRequestInfo(t.Context(), &request.RequestInfo{APIVersion: "v2"})
		_, err := r.update(ctx, "changed", setting(int64(-1), "spec", "cores"))
		if status, ok := err.(apierrors.APIStatus); !ok || status.Status().Details.Causes[0].Field != "spec.size.cores" {
			t.Errorf("updating gives %v", err)
		}
	})
	t.Run("the name", func(t *testing.T) {
		for _, name := range []string{"taken", "changed"} {
			if err := r.Create(t.Context(), key(name), box(name), nil, 0); !storage.IsExist(err) {
				t.Errorf("creating %s again gives %v", name, err)
			}
		}
		long := strings.Repeat("a", 64)
		err := r.Create(t.Context(), key(long), box(long), nil, 0)
		if status, ok := err.(apierrors.APIStatus); !ok || status.Status().Details.Causes[0].Field != "metadata.name" {
			t.Errorf("creating a name that is too long gives %v", err)
		}
	})
	t.Run("a reference", func(t *testing.T) {
		p.sql(t, `CREATE TABLE legacy.leases (box bigint REFERENCES legacy.boxes); INSERT INTO legacy.leases SELECT id FROM legacy.boxes WHERE host = 'taken'`)
		if err := r.remove(t.Context(), "taken"); !apierrors.IsConflict(err) || !strings.Contains(err.Error(), "leases") {
			t.Errorf("deleting what a row refers to gives %v", err)
		}
	})
	t.Run("a lock", func(t *testing.T) {
		tx, err := p.owner.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tx.Rollback() }()
		if _, err := tx.ExecContext(t.Context(), `UPDATE legacy.boxes SET cores = 5 WHERE host = 'changed'`); err != nil {
			t.Fatal(err)
		}
		if _, err := r.update(t.Context(), "changed", setting(int64(6), "spec", "cores")); !apierrors.IsServerTimeout(err) {
			t.Errorf("updating a row that is locked gives %v", err)
		}
	})
}

// TestStaleWrite: an UPDATE of the owner's is a conflict to who read before, and takes the field from who applied it.
func TestStaleWrite(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	r := p.open(t)
	managed := func(version string, path string) map[string]any {
		return map[string]any{"manager": "kubectl", "operation": "Apply", "apiVersion": "legacy.example.com/" + version, "fieldsType": "FieldsV1",
			"fieldsV1": map[string]any{"f:spec": map[string]any{path: map[string]any{}, "f:place": map[string]any{".": map[string]any{}, "f:rack": map[string]any{}}}}}
	}
	created := r.create(t, box("a", func(b *unstructured.Unstructured) {
		if err := unstructured.SetNestedSlice(b.Object, []any{managed("v1", "f:cores")}, "metadata", "managedFields"); err != nil {
			t.Fatal(err)
		}
	}, setting("r1", "spec", "place", "rack")))
	p.sql(t, `UPDATE legacy.boxes SET cores = 5 WHERE host = 'a'`)
	calls := 0
	err := r.GuaranteedUpdate(t.Context(), key("a"), &unstructured.Unstructured{}, false, &storage.Preconditions{ResourceVersion: new(created.GetResourceVersion())},
		storage.SimpleUpdate(func(obj runtime.Object) (runtime.Object, error) { calls++; return obj, nil }), created.DeepCopy())
	if !storage.IsInvalidObj(err) && !storage.IsConflict(err) {
		t.Errorf("a stale write gives %v", err)
	}
	var owners []string
	for _, entry := range r.get(t, "a").GetManagedFields() {
		owners = append(owners, entry.Manager+" "+string(entry.Operation)+" "+string(entry.FieldsV1.GetRawBytes()))
	}
	want := `kubectl Apply {"f:spec":{"f:place":{".":{},"f:rack":{}}}} legacy Update {"f:spec":{"f:cores":{}}}`
	if got := strings.ReplaceAll(strings.Join(owners, " "), ": ", ":"); strings.ReplaceAll(got, ", ", ",") != want {
		t.Errorf("the owners of fields are\n%s, not\n%s", got, want)
	}
}

// TestUnpublishedDeletion: a row that went without its trigger is an error, and not tried for ever.
func TestUnpublishedDeletion(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	r := p.open(t)
	r.create(t, box("a"))
	p.sql(t, `BEGIN; SET LOCAL session_replication_role = replica; DELETE FROM legacy.boxes; COMMIT`)
	if _, err := r.update(t.Context(), "a", setting(int64(2), "spec", "cores")); !apierrors.IsInternalError(err) || !strings.Contains(err.Error(), "not published") {
		t.Errorf("updating gives %v", err)
	}
	if err := r.remove(t.Context(), "a"); !apierrors.IsInternalError(err) || !strings.Contains(err.Error(), "not published") {
		t.Errorf("deleting gives %v", err)
	}
}

// TestLabelsAlone: a write of metadata does not touch the owner's row.
func TestLabelsAlone(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.sql(t, `INSERT INTO legacy.boxes (team, host, cores, remark) VALUES ('red', 'a', 1, '')`)
	r := p.open(t)
	before := p.value(t, `SELECT boxes::text || xmin FROM legacy.boxes`)
	if _, err := r.update(t.Context(), "a", setting("b", "metadata", "labels", "a"), setting("kept", "spec", "other"), setting([]any{"example.com/hold"}, "metadata", "finalizers")); err != nil {
		t.Fatal(err)
	}
	if after := p.value(t, `SELECT boxes::text || xmin FROM legacy.boxes`); after != before {
		t.Errorf("the row was %s, and is %s", before, after)
	}
	// What the owner writes is no write to what only the owner may write.
	updated, err := r.update(t.Context(), "a", setting("2020-01-01T00:00:00Z", "status", "seenTime"), setting(int64(2), "spec", "cores"))
	if err != nil || fieldOf(updated, "status", "seenTime") != "" || fieldOf(updated, "spec", "cores") != "2" {
		t.Errorf("after writing a column of the owner's it is %v, %v", updated, err)
	}
	if got := r.get(t, "a"); got.GetLabels()["a"] != "b" || fieldOf(got, "spec", "other") != "kept" || len(got.GetFinalizers()) != 1 {
		t.Errorf("then it is %v", got)
	}
	// Nothing changes, nothing is written.
	again, err := r.update(t.Context(), "a")
	if err != nil || again.GetResourceVersion() != updated.GetResourceVersion() {
		t.Errorf("an update without a change gives %s, %v, not %s", again.GetResourceVersion(), err, updated.GetResourceVersion())
	}
	// It was there for somebody, but it was the owner's.
	w := r.watch(t, updated.GetResourceVersion())
	p.sql(t, `DELETE FROM legacy.boxes`)
	wantEvent(t, w, watch.Deleted, "a")
}

// TestTryOnly: a dry run is told what the database says, and leaves nothing.
func TestTryOnly(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	r := p.open(t)
	created := r.create(t, box("a"))
	state := func() string {
		return p.value(t, `SELECT (SELECT jsonb_agg(b) FROM legacy.boxes b)::text || (SELECT jsonb_agg(m) FROM annex_boxes_metadata m)::text ||
			(SELECT max(rev) FROM annex_log) || (SELECT revision FROM annex_meta)`)
	}
	before := state()
	ctx := TryOnly(t.Context())
	tried := &unstructured.Unstructured{}
	if err := r.Create(ctx, key("b"), box("b", setting("1.239", "spec", "cost")), tried, 0); err != nil || fieldOf(tried, "spec", "cost") != "1.24" || tried.GetResourceVersion() != "" {
		t.Errorf("trying to create gives %v, %v", tried, err)
	}
	updated, err := r.update(ctx, "a", setting(int64(9), "spec", "cores"))
	if err != nil || fieldOf(updated, "spec", "cores") != "9" || updated.GetGeneration() != 2 || updated.GetResourceVersion() != created.GetResourceVersion() {
		t.Errorf("trying to update gives %v, %v", updated, err)
	}
	if _, err := r.update(ctx, "a", setting("mars", "spec", "place", "site")); !apierrors.IsInvalid(err) {
		t.Errorf("trying what is invalid gives %v", err)
	}
	if err := r.remove(ctx, "a"); err != nil {
		t.Errorf("trying to delete gives %v", err)
	}
	if after := state(); after != before {
		t.Errorf("there was %s, and is %s", before, after)
	}
}
