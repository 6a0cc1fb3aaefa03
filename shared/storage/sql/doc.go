// Package sql keeps Kubernetes objects in PostgreSQL or SQLite: [Store] is k8s.io/apiserver's storage.Interface, on
// which the unchanged registry and watch cache stand, as they do on etcd.
//
// A [Database] is one database, and what a process does with it: connections, a reader of the log, compaction, expiry.
// It is opened once, and closed after everything that uses it. A [Store] is one resource in it:
//
//	database, err := sql.Open(ctx, sql.Options{SQLite: "/var/lib/capacity/objects.db"})
//	store, err := sql.New(database, sql.Config{Codec: codec, ResourcePrefix: "/reservations", ...})
//
// # Tables
//
//	annex_current  the newest value of every key
//	annex_log      every write since the last compaction: key, value, and the value before
//	annex_meta     one row: the revision of the last write, and the revision up to which the log is gone
//
// They are made, and brought up to date, by Open (the directory migrations); on PostgreSQL in the first schema of
// search_path. Another program may write them, too, such as a trigger: in one transaction, it takes the next revision
// with UPDATE annex_meta SET revision = revision + 1 RETURNING revision, changes annex_current, and appends to annex_log.
//
// # Revisions
//
// A resourceVersion is the revision of a write. Who writes first locks the row of annex_meta, and keeps it until the
// commit. Hence the order of revisions is the order of commits, there are no gaps, and a transaction that sees revision n
// sees everything up to n: a reader that asks for what came after the last revision it saw can miss nothing. Writes that
// wait for one another are committed together.
//
// A read is one transaction on a snapshot, which also has the revision. A read at an older revision is made of
// annex_current and of the previous values in the log. What a compaction has deleted is answered with 410 Gone.
//
// # Watches
//
// One reader per Database follows the log and keeps the last part of it in memory. A watch has a place in the log: it
// takes what comes after from memory, or from the table if it is further behind. So a watch that is slow holds up nobody,
// and one that continues from an old revision is no special case. LISTEN/NOTIFY on PostgreSQL, and a signal within the
// process, only wake the reader; it also looks by itself, and after a lost connection it reads on from where it was.
//
// # Durability
//
// SQLite: write-ahead log, synchronous=FULL. One process at a time: a second one is refused. PostgreSQL: a commit is on
// disk when it returns, synchronous_commit=off is not accepted. A database that comes back with a lower revision than it
// had (a failover to a replica that had not got everything, a restored backup) ends every watch with 410 Gone.
//
// # Copies
//
// [Contents] is a database as those see it who copy it: keys and bytes, while no server uses it, or from a snapshot.
//
// docs/adr/0007-sql-storage.md says why it is built so.
package sql
