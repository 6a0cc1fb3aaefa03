package external

import (
	"strings"
	"testing"

	annexsql "example.com/annex/shared/storage/sql"
)

// TestContents: rows of another program's table are not copied, and others are.
func TestContents(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	r := p.open(t)
	r.create(t, box("a"))
	contents, err := annexsql.OpenContents(t.Context(), annexsql.Options{PostgreSQL: p.dsn}, annexsql.ReadShared)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := contents.Close(); err != nil {
			t.Error(err)
		}
	}()
	for prefix, refused := range map[string]bool{
		"/annex": true, "/annex/legacy.example.com": true, "/annex/legacy.example.com/boxes": true, "/annex/legacy.example.com/boxes/red": true,
		"/annex/legacy.example.com/box": false, "/annex/other.example.com": false,
	} {
		_, err := contents.Scan(t.Context(), prefix, func(annexsql.Content) error { return nil })
		if (err != nil) != refused || refused && !strings.Contains(err.Error(), "rows of the table legacy.boxes") {
			t.Errorf("reading %s gives %v, refused is %t", prefix, err, refused)
		}
	}
}
