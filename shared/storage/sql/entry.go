package sql

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"time"
)

// entry is a line of the log: a write.
type entry struct {
	rev int64
	key string
	// value is nil if the key was deleted.
	value []byte
	// prevRev is 0 if the key was not there before.
	prevRev   int64
	prevValue []byte
	// read is when this process saw it.
	read time.Time
}

func (e *entry) size() int { return len(e.key) + len(e.value) + len(e.prevValue) }

// entries are a piece of the log.
type entries struct {
	entries []entry
	// head is the revision up to which nothing is missing.
	head int64
	// compacted is up to which the log is gone.
	compacted int64
}

// maxEntries is how many entries are read at once.
const maxEntries = 1000

// readLog reads what comes after a revision: at most maxEntries entries, in order. The log may have been compacted beyond
// the revision, which is the caller's to see.
func (db *Database) readLog(ctx context.Context, after int64) (result entries, err error) {
	ctx, cancel := context.WithTimeout(ctx, db.options.Timeout)
	defer cancel()
	// One statement is one snapshot, and one round trip: this is done after every write.
	rows, err := db.readDB.QueryContext(ctx, `
		SELECT m.revision, m.compact_revision, l.rev, l.key, l.value, l.prev_rev, l.prev_value
		FROM annex_meta m LEFT JOIN (
			SELECT rev, key, value, prev_rev, prev_value FROM annex_log WHERE rev > $1 ORDER BY rev LIMIT $2
		) l ON true`, after, maxEntries)
	if err != nil {
		return entries{}, err
	}
	defer func() { _ = rows.Close() }()
	now := time.Now()
	for rows.Next() {
		var rev, prevRev sql.NullInt64
		var key sql.NullString
		e := entry{read: now}
		if err := rows.Scan(&result.head, &result.compacted, &rev, &key, &e.value, &prevRev, &e.prevValue); err != nil {
			return entries{}, err
		}
		if !rev.Valid {
			continue // There is nothing: the row has where the database stands.
		}
		e.rev, e.key, e.prevRev = rev.Int64, key.String, prevRev.Int64
		result.entries = append(result.entries, e)
	}
	if err := rows.Err(); err != nil {
		return entries{}, err
	}
	// A join promises no order.
	slices.SortFunc(result.entries, func(a, b entry) int { return cmp.Compare(a.rev, b.rev) })
	if len(result.entries) == maxEntries {
		result.head = result.entries[maxEntries-1].rev
	}
	return result, nil
}
