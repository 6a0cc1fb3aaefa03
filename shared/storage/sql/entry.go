package sql

import (
	"context"
	"database/sql"
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
	err = db.snapshot(ctx, func(ctx context.Context, tx *sql.Tx, at state) error {
		result.head, result.compacted = at.revision, at.compacted
		if at.revision <= after {
			return nil
		}
		rows, err := tx.QueryContext(ctx, `
			SELECT rev, key, value, prev_rev, prev_value FROM annex_log WHERE rev > $1 ORDER BY rev LIMIT $2`, after, maxEntries)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		now := time.Now()
		for rows.Next() {
			e := entry{read: now}
			if err := rows.Scan(&e.rev, &e.key, &e.value, &e.prevRev, &e.prevValue); err != nil {
				return err
			}
			result.entries = append(result.entries, e)
		}
		if len(result.entries) == maxEntries {
			result.head = result.entries[maxEntries-1].rev
		}
		return rows.Err()
	})
	return result, err
}
