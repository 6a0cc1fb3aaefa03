package transfer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"example.com/annex/shared/storage/sql"
)

// Object is a key, and what is stored at it.
type Object = sql.Content

// Place is where objects are kept. sql.Contents is one.
type Place interface {
	fmt.Stringer
	// Revision is that of the last write.
	Revision(ctx context.Context) (int64, error)
	// Scan calls yield with all objects under a prefix, in the order of keys, at one revision, which it returns.
	Scan(ctx context.Context, prefix string, yield func(Object) error) (revision int64, err error)
	// Between are the objects at keys above one and up to another.
	Between(ctx context.Context, above, upTo string) ([]Object, error)
	// Unfinished is what Begin was told, if Finish has not followed; else empty.
	Unfinished(ctx context.Context) (string, error)
	// Begin notes what is being done.
	Begin(ctx context.Context, what string) error
	// Write stores objects, and deletes keys.
	Write(ctx context.Context, objects []Object, deletions []string) error
	// Finish ends what Begin began, and has the place be at a revision above its own and above another: whoever knows an older
	// one gets 410 Gone. Objects under the prefix renumber count as written then, if it is not empty.
	Finish(ctx context.Context, above int64, renumber string) (revision int64, err error)
	Close() error
}

// Backup is a Place that knows what it is a backup of. sql.Contents is one.
type Backup interface {
	Place
	// Scope is the prefix that it has all objects of; empty if it is no backup.
	Scope(ctx context.Context) (string, error)
	SetScope(ctx context.Context, prefix string) error
}

var _ Backup = &sql.Contents{}

// TLS are the files by which etcd is spoken to; empty ones are not used.
type TLS struct{ CA, Certificate, Key string }

// Open opens the place that a location names:
//
//	sqlite:FILE         a SQLite database
//	postgres:FILE       the PostgreSQL database whose connection string is in the file, as --storage-dsn-file of a server
//	postgres://...      the one of a connection string without a password ($PGPASSWORD and $PGPASSFILE are used)
//	etcd:URL[,URL]...   etcd
func Open(ctx context.Context, location string, access sql.Access, tls TLS) (Place, error) {
	kind, where, found := strings.Cut(location, ":")
	if !found || where == "" {
		return nil, fmt.Errorf("%q: want sqlite:FILE, postgres:FILE or etcd:URL", location)
	}
	switch kind {
	case "sqlite":
		return open(ctx, sql.Options{SQLite: where}, access)
	case "postgres", "postgresql":
		dsn := location
		if !strings.HasPrefix(where, "//") {
			content, err := os.ReadFile(where)
			if err != nil {
				return nil, fmt.Errorf("reading a PostgreSQL connection string: %w", err)
			}
			dsn = strings.TrimSpace(string(content))
		} else if sql.HasPassword(dsn) {
			return nil, errors.New("the PostgreSQL connection string has a password, which others can read on the command line: put it into a file, and say postgres:FILE")
		}
		return open(ctx, sql.Options{PostgreSQL: dsn}, access)
	case "etcd":
		return openEtcd(ctx, strings.Split(where, ","), tls)
	}
	return nil, fmt.Errorf("%q: %q is none of sqlite, postgres, etcd", location, kind)
}

func open(ctx context.Context, options sql.Options, access sql.Access) (Place, error) {
	contents, err := sql.OpenContents(ctx, options, access)
	if err != nil {
		return nil, err
	}
	return contents, nil
}
