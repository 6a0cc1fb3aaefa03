// Package postgrestest runs a PostgreSQL server for tests: a real one, with everything in a directory of its own, reached
// through a Unix socket there, and gone afterwards.
//
//	server := postgrestest.New(t)
//	options := sql.Options{PostgreSQL: server.Database(t)}
//
// A Server can be killed and started again, with its data: [Server.Kill], [Server.Start]. A commit is on disk, as with the
// server's defaults.
//
// The programs are looked for in $ANNEX_POSTGRES_BIN, in Debian's place (/usr/lib/postgresql/VERSION/bin), and where
// tools/postgres/debian.sh puts them. They refuse to run as root: a test that does has them run as user postgres, or
// nobody.
package postgrestest
