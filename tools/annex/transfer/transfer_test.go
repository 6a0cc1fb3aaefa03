package transfer_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apiserver/pkg/storage/etcd3/testserver"

	"example.com/annex/shared/storage/postgrestest"
	"example.com/annex/shared/storage/sql"
	"example.com/annex/tools/annex/transfer"
)

const prefix = "/annex"

// location is an empty place of each kind.
var locations = map[string]func(t *testing.T) string{
	"sqlite": func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "objects.db") },
	"postgres": func(t *testing.T) string {
		file := filepath.Join(t.TempDir(), "dsn")
		if err := os.WriteFile(file, []byte(postgrestest.New(t).Database(t)+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return "postgres:" + file
	},
	"etcd": func(t *testing.T) string {
		return "etcd:" + strings.Join(testserver.RunEtcd(t, nil).Endpoints(), ",")
	},
}

// use does something with a place.
func use(t *testing.T, location string, access sql.Access, do func(transfer.Place)) {
	t.Helper()
	place, err := transfer.Open(t.Context(), location, access, transfer.TLS{})
	if err != nil {
		t.Fatal(err)
	}
	do(place)
	if err := place.Close(); err != nil {
		t.Error(err)
	}
}

// fill writes objects, one after the other, with bytes of every value.
func fill(t *testing.T, location string, count int) map[string]string {
	t.Helper()
	wanted := map[string]string{}
	use(t, location, sql.WriteAlone, func(place transfer.Place) {
		var objects []transfer.Object
		for i := range count {
			resource := []string{"capacity.example.com/reservations/default", "topology.example.com/sites"}[i%2]
			value := fmt.Sprintf("k8s\x00%d\xff%s", i, strings.Repeat("x", i%1000))
			key := fmt.Sprintf("%s/%s/object-%05d", prefix, resource, i)
			objects = append(objects, transfer.Object{Key: key, Value: []byte(value), Revision: int64(i + 2)})
			wanted[key] = value
		}
		// One of somebody else's.
		objects = append(objects, transfer.Object{Key: prefix + "-other/x/y", Value: []byte("not ours"), Revision: 1})
		if err := place.Write(t.Context(), objects, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := place.Finish(t.Context(), int64(count+2), ""); err != nil {
			t.Fatal(err)
		}
	})
	return wanted
}

// all is what a place has under the prefix.
func all(t *testing.T, location string) (values map[string]string, revisions map[string]int64, revision int64) {
	t.Helper()
	values, revisions = map[string]string{}, map[string]int64{}
	use(t, location, sql.ReadShared, func(place transfer.Place) {
		var err error
		revision, err = place.Scan(t.Context(), prefix, func(object transfer.Object) error {
			values[object.Key], revisions[object.Key] = string(object.Value), object.Revision
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
	return values, revisions, revision
}

func transferAll(t *testing.T, from, to string, options transfer.Options) (report *transfer.Report, err error) {
	t.Helper()
	options.Prefix = prefix
	use(t, from, sql.ReadAlone, func(source transfer.Place) {
		use(t, to, sql.WriteAlone, func(target transfer.Place) {
			report, err = transfer.Copy(t.Context(), source, target, options)
		})
	})
	return report, err
}

// TestCopy copies from each kind of place to each.
func TestCopy(t *testing.T) {
	t.Parallel()
	for source, newSource := range locations {
		t.Run("from "+source, func(t *testing.T) {
			t.Parallel()
			from := newSource(t)
			wanted := fill(t, from, 1501)
			_, before, atSource := all(t, from)
			for target, newTarget := range locations {
				t.Run("to "+target, func(t *testing.T) {
					to := newTarget(t)
					report, err := transferAll(t, from, to, transfer.Options{})
					if err != nil {
						t.Fatal(err)
					}
					got, revisions, revision := all(t, to)
					if !maps.Equal(got, wanted) {
						t.Errorf("%d objects are there, want %d, the same", len(got), len(wanted))
					}
					if revision <= atSource || report.FromRevision != atSource || report.ToRevision < atSource+1 {
						t.Errorf("the revision was %d and is %d; the report says %d and %d", atSource, revision, report.FromRevision, report.ToRevision)
					}
					if target != "etcd" && !maps.Equal(revisions, before) {
						t.Error("not all resourceVersions are kept")
					}
					if len(report.Resources) != 2 || report.Resources[0].Name != "reservations.capacity.example.com" || report.Resources[0].Objects != 751 ||
						report.Resources[1].Name != "sites.topology.example.com" || report.Resources[1].Objects != 750 || report.Written != 1501 {
						t.Errorf("the report is %+v", report)
					}

					if _, err := transferAll(t, from, to, transfer.Options{}); err == nil || !strings.Contains(err.Error(), "has objects under /annex/ already") {
						t.Errorf("copying once more: got %v", err)
					}
					if _, err := transferAll(t, from, to, transfer.Options{Resume: true}); err == nil || !strings.Contains(err.Error(), "there is nothing to resume") {
						t.Errorf("resuming what is finished: got %v", err)
					}
				})
			}
		})
	}
}

// breaking is a place that fails after some writes.
type breaking struct {
	transfer.Place
	left int
}

var errBroken = errors.New("broken")

func (b *breaking) Write(ctx context.Context, objects []transfer.Object, deletions []string) error {
	if b.left == 0 {
		return errBroken
	}
	b.left--
	return b.Place.Write(ctx, objects, deletions)
}

// TestResume goes on with a copy that failed, while the source has changed: the target becomes what the source is.
func TestResume(t *testing.T) {
	t.Parallel()
	for name, newTarget := range locations {
		t.Run("to "+name, func(t *testing.T) {
			t.Parallel()
			from, to := locations["sqlite"](t), newTarget(t)
			wanted := fill(t, from, 2000)
			use(t, from, sql.ReadAlone, func(source transfer.Place) {
				use(t, to, sql.WriteAlone, func(target transfer.Place) {
					if _, err := transfer.Copy(t.Context(), source, &breaking{target, 2}, transfer.Options{Prefix: prefix}); !errors.Is(err, errBroken) {
						t.Fatalf("got %v", err)
					}
				})
			})
			if got, _, _ := all(t, to); len(got) != 1000 {
				t.Fatalf("%d objects are there, want 1000", len(got))
			}
			if name == "sqlite" {
				if _, err := sql.Open(t.Context(), sql.Options{SQLite: strings.TrimPrefix(to, "sqlite:")}); err == nil || !strings.Contains(err.Error(), "it has a part only of what was being copied into it") {
					t.Errorf("a server starts on a part: %v", err)
				}
			}
			if _, err := transferAll(t, from, to, transfer.Options{}); err == nil || !strings.Contains(err.Error(), "go on with --resume") {
				t.Errorf("without --resume: got %v", err)
			}
			other := locations["sqlite"](t)
			fill(t, other, 1)
			if _, err := transferAll(t, other, to, transfer.Options{Resume: true}); err == nil || !strings.Contains(err.Error(), "a part of another copy") {
				t.Errorf("from elsewhere: got %v", err)
			}
			gone, changed, added := prefix+"/capacity.example.com/reservations/default/object-00000", prefix+"/capacity.example.com/reservations/default/object-00002", prefix+"/topology.example.com/sites/zzz"
			use(t, from, sql.WriteAlone, func(place transfer.Place) {
				if err := place.Write(t.Context(), []transfer.Object{{Key: changed, Value: []byte("changed"), Revision: 5000}, {Key: added, Value: []byte("added"), Revision: 5001}}, []string{gone}); err != nil {
					t.Fatal(err)
				}
				if _, err := place.Finish(t.Context(), 5001, ""); err != nil {
					t.Fatal(err)
				}
			})
			delete(wanted, gone)
			wanted[changed], wanted[added] = "changed", "added"
			report, err := transferAll(t, from, to, transfer.Options{Resume: true})
			if err != nil {
				t.Fatal(err)
			}
			if got, _, _ := all(t, to); !maps.Equal(got, wanted) {
				t.Errorf("%d objects are there, want %d, the same", len(got), len(wanted))
			}
			if report.Deleted != 1 || report.Written != 1002 {
				t.Errorf("%d were written and %d deleted, want 1002 and 1", report.Written, report.Deleted)
			}
		})
	}
}

// TestRestoreOverAnotherCopy: what was interrupted is finished, or all of it is restored.
func TestRestoreOverAnotherCopy(t *testing.T) {
	t.Parallel()
	from, backup, to := locations["sqlite"](t), locations["sqlite"](t), locations["sqlite"](t)
	wanted := fill(t, from, 2000)
	if _, err := transferAll(t, from, backup, transfer.Options{Live: true}); err != nil {
		t.Fatal(err)
	}
	use(t, from, sql.ReadAlone, func(source transfer.Place) {
		use(t, to, sql.WriteAlone, func(target transfer.Place) {
			if _, err := transfer.Copy(t.Context(), source, &breaking{target, 2}, transfer.Options{Prefix: prefix}); !errors.Is(err, errBroken) {
				t.Fatalf("got %v", err)
			}
		})
	})
	use(t, backup, sql.ReadShared, func(source transfer.Place) {
		use(t, to, sql.WriteAlone, func(target transfer.Place) {
			_, err := transfer.Copy(t.Context(), source, target, transfer.Options{Prefix: prefix + "/topology.example.com", Replace: true, Bump: 1})
			if err == nil || !strings.Contains(err.Error(), "a part of another copy") {
				t.Errorf("a part over it: got %v", err)
			}
		})
	})
	if _, err := transferAll(t, backup, to, transfer.Options{Replace: true, Bump: 1}); err != nil {
		t.Fatal(err)
	}
	if got, _, _ := all(t, to); !maps.Equal(got, wanted) {
		t.Errorf("%d objects are there, want %d, the same", len(got), len(wanted))
	}
}

// falsifying is a place in which one object is not what was written.
type falsifying struct{ transfer.Place }

func (f falsifying) Write(ctx context.Context, objects []transfer.Object, deletions []string) error {
	if len(objects) > 0 {
		objects[0].Value = append([]byte("not "), objects[0].Value...)
	}
	return f.Place.Write(ctx, objects, deletions)
}

func TestDifferenceIsNoticed(t *testing.T) {
	t.Parallel()
	from, to := locations["sqlite"](t), locations["sqlite"](t)
	fill(t, from, 10)
	use(t, from, sql.ReadAlone, func(source transfer.Place) {
		use(t, to, sql.WriteAlone, func(target transfer.Place) {
			_, err := transfer.Copy(t.Context(), source, falsifying{target}, transfer.Options{Prefix: prefix})
			if err == nil || !strings.Contains(err.Error(), "differ: reservations.capacity.example.com: 5 objects with hash") {
				t.Errorf("got %v", err)
			}
			if unfinished, err := target.Unfinished(t.Context()); err != nil || unfinished == "" {
				t.Errorf("what differs counts as finished: %q, %v", unfinished, err)
			}
		})
	})
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "missing")
	for location, want := range map[string]string{
		"nowhere":                             "want sqlite:FILE",
		"mysql:x":                             "none of sqlite, postgres, etcd",
		"sqlite:" + missing:                   "no such file",
		"postgres:" + missing:                 "no such file",
		"postgres://annex:s3cret@127.0.0.1/x": "has a password",
		"etcd:https://127.0.0.1:1":            "etcd",
	} {
		ctx, cancel := context.WithCancel(t.Context())
		if strings.HasPrefix(location, "etcd") {
			cancel() // It would be waited for.
		}
		place, err := transfer.Open(ctx, location, sql.ReadAlone, transfer.TLS{})
		cancel()
		if err == nil {
			t.Errorf("%s is opened: %s", location, place)
			continue
		}
		if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: got %v, want %q", location, err, want)
		}
	}
}
