package sql

import (
	"context"
	"database/sql"
)

// Times to live that are not a number of seconds.
const (
	ttlNone = 0  // never expire
	ttlKeep = -1 // expire when the present value would have
)

// write is one write of a key, on the condition that the key was last written at a certain revision.
type write struct {
	key string
	// expected is the revision of the last write; 0: the key must not be there.
	expected int64
	// value is what to write; nil deletes the key.
	value []byte
	// ttl is how many seconds the value will live.
	ttl int64

	ctx    context.Context
	result chan writeResult
}

// writeResult is what became of a write.
type writeResult struct {
	// revision is of the write; 0 if the condition did not hold.
	revision int64
	// present is what was there if the condition did not hold; its rev is 0 if nothing was.
	present record
	err     error
}

// write waits until w is committed, or known not to be. If ctx ends before that, or the connection, it is not known
// whether the write has taken place.
func (db *Database) write(ctx context.Context, w write) (revision int64, present record, err error) {
	w.ctx = ctx
	w.result = make(chan writeResult, 1)
	select {
	case db.writes <- &w:
	case <-ctx.Done():
		return 0, record{}, ctx.Err()
	case <-db.background.Done():
		return 0, record{}, ErrClosed
	}
	select {
	case r := <-w.result:
		return r.revision, r.present, r.err
	case <-ctx.Done():
		return 0, record{}, ctx.Err()
	case <-db.background.Done():
		return 0, record{}, ErrClosed
	}
}

// apply is what the write changes if its condition holds; nil if it does not. revision is what it would get.
func (w *write) apply(present record, revision int64) *effect {
	if present.rev != w.expected {
		return nil
	}
	e := &effect{key: w.key, revision: revision, value: w.value, before: present}
	switch w.ttl {
	case ttlKeep:
		e.expires = present.expires
	case ttlNone:
	default:
		e.expires = present.now + 1000*w.ttl
	}
	return e
}

// effect is what a write changes.
type effect struct {
	key      string
	revision int64
	// value is what the key has from now on; nil if it is gone.
	value []byte
	// expires is when it will be deleted, in milliseconds since 1970; 0 is never.
	expires int64
	before  record
}

// after is what is there now.
func (e *effect) after() record {
	if e.value == nil {
		return record{key: e.key, now: e.before.now}
	}
	return record{key: e.key, rev: e.revision, value: e.value, expires: e.expires, now: e.before.now}
}

// nullable is NULL for 0.
func nullable(n int64) sql.NullInt64 { return sql.NullInt64{Int64: n, Valid: n != 0} }
