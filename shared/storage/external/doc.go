// Package external serves the rows of a PostgreSQL table that another program owns as Kubernetes objects, and lets that
// program go on as it did: it writes its table with plain SQL, and informers see it. A [Mapping] says which column is which
// field; all else follows from it.
//
//	var mapping = external.Mapping{
//		Table:     "public.machines",
//		Namespace: "team",
//		Name:      "hostname",
//		Columns: []external.Column{
//			{Name: "cores", Path: "spec.cores", Type: external.Int32},
//			{Name: "last_seen", Path: "status.lastSeenTime", Type: external.Time, ReadOnly: true},
//		},
//	}
//
// A [Table] is such a table in a database. It is a sql.SystemOfRecord: a sql.Store reads annex_current and annex_log, as
// of any resource, and has the Table write.
//
// # Rows
//
// A function in the database makes an object of a row, and publishes it: it locks annex_meta, compares the object with
// annex_current, and, if they differ, takes the next revision. Deferred triggers on the owner's table call it when a
// transaction commits, for each row that the transaction has written, in the transaction. So what the owner commits is
// published, in the order of commits, or neither is.
//
// Triggers of this package take the lock of annex_meta last, after all locks that the owner's transaction has on rows. A
// write through the API does the same: the row first, annex_meta last. So neither waits for the other in a circle, and
// PostgreSQL never has to end one of them.
//
// What no column holds is in a table beside the owner's, annex_<table>_metadata: uid, labels, annotations, finalizers,
// owners, managed fields, and the fields of the object that the Mapping does not name. Of whoever writes SQL, managed
// fields speak as Mapping.Manager.
//
// A row whose namespace or name can't be an object's is left out, and so is the second of two that would be the same
// object, and one with a value that its field can't hold. annex_<table>_left_out says which and why, as do the metric
// annex_external_rows_left_out and the log.
//
// # Beginning
//
// [Table.Run] makes functions, tables and triggers, and publishes the rows that are there already, a batch at a time, while
// the owner writes. Several processes may do so at once, and one that is killed is continued where it was. It begins anew
// when the Mapping has changed. Until it is done, requests get 503 from a [Store]: less than all there is would look like
// deletions.
//
// docs/adr/0011-external-tables.md says why it is built so.
package external
