package sql

import "context"

// SystemOfRecord is where the objects of a resource are in truth, such as a table that another program owns. A [Store]
// has it write them, and reads annex_current and annex_log, which it keeps up to date: in the transaction that changes an
// object, whoever does, it takes the next revision, changes annex_current, and appends to annex_log.
type SystemOfRecord interface {
	// Write changes one object. That the condition does not hold is no error. Errors of package api/errors reach the client.
	Write(ctx context.Context, w RecordWrite) (RecordWritten, error)
}

// RecordWrite is a write of one object, on the condition that it was last written at a certain revision.
type RecordWrite struct {
	// Key is the object's in annex_current.
	Key string
	// Expected is the revision of the last write; 0: the object must not be there.
	Expected int64
	// Before is the object as the Store's codec encodes it, without resourceVersion; nil if it is to be created.
	Before []byte
	// After is what it is to be; nil if it is to be deleted.
	After []byte
}

// RecordWritten is what became of a RecordWrite.
type RecordWritten struct {
	// Conflict says that the condition did not hold: nothing was written. If annex_current still has the expected revision, what
	// made the condition fail was not published, and the client gets 500.
	Conflict bool
	// Revision is that of the object now; of its deletion, if it was deleted. Zero for what was only tried and does not exist.
	Revision int64
	// Value is the object as annex_current has it, which need not be After: a database rounds, and has defaults. Nil if it was
	// deleted.
	Value []byte
}
