package external

import (
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// TestMissingRight: without DELETE, there are no deletions, and all else works.
func TestMissingRight(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.sql(t, `CREATE ROLE annex LOGIN; CREATE SCHEMA annex AUTHORIZATION annex; ALTER ROLE annex SET search_path = annex;
		GRANT USAGE ON SCHEMA legacy TO annex; GRANT SELECT, INSERT, UPDATE, TRIGGER ON legacy.boxes TO annex`)
	p.dsn = strings.Replace(p.dsn, "user=postgres", "user=annex", 1)
	r := p.open(t)
	r.create(t, box("a"))
	// Nobody else can have a trigger of his own call a function with the server's rights.
	if got := p.value(t, `SELECT count(*) FROM pg_proc WHERE pronamespace = 'annex'::regnamespace AND prosecdef AND
		EXISTS (SELECT FROM aclexplode(coalesce(proacl, acldefault('f', proowner))) WHERE grantee = 0)`); got != "0" {
		t.Errorf("everybody may execute %s of the functions", got)
	}
	if err := r.remove(t.Context(), "a"); !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "lacks a right") {
		t.Errorf("deleting gives %v", err)
	}
	if _, err := r.update(t.Context(), "a", setting(int64(2), "spec", "cores")); err != nil {
		t.Errorf("updating gives %v", err)
	}
}
