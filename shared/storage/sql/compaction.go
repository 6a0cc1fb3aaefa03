package sql

import (
	"context"
	"database/sql"
	"fmt"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/klog/v2"
)

const (
	// compactionBatch is how many entries a transaction deletes: writers wait as long as it takes.
	compactionBatch = 1000

	// compactionJitter spreads the attempts of several processes: up to so much of the interval more.
	compactionJitter = 0.1
)

// Compact deletes the log up to and including a revision: reads at lower ones fail from then on, and so do watches that
// want to continue from there. A revision that is still to come is an error. Several processes may compact at once.
func (db *Database) Compact(ctx context.Context, revision int64) error {
	at, err := db.state(ctx)
	if err != nil {
		return fmt.Errorf("compacting up to revision %d: %w", revision, err)
	}
	if revision > at.revision {
		return fmt.Errorf("compacting: %w", &futureError{revision: revision, current: at.revision})
	}
	for {
		done, err := db.compactBatch(ctx, `rev <= $1`, revision, revision)
		if err != nil {
			return fmt.Errorf("compacting up to revision %d: %w", revision, err)
		}
		if done {
			return nil
		}
	}
}

// compactRegularly deletes what is older than the interval.
func (db *Database) compactRegularly(ctx context.Context) {
	interval := db.options.CompactionInterval
	if interval < 0 {
		return
	}
	wait.JitterUntilWithContext(ctx, func(ctx context.Context) {
		for ctx.Err() == nil {
			// Entries are in the order of commits, and their times nearly so. Up to the last that is old enough.
			done, err := db.compactBatch(ctx, `created < `+db.dialect.now()+` - $1`, interval.Milliseconds(), 0)
			if err != nil && ctx.Err() == nil {
				klog.FromContext(ctx).Error(err, "Could not compact the database, trying again", "after", interval)
			}
			if done || err != nil {
				return
			}
		}
	}, interval, compactionJitter, true)
}

// compactBatch deletes entries from the beginning of the log, as long as they meet the condition on $1. It is done when
// that was all, or another process is at it. If that was all and everything went well, the log counts as compacted up to
// atLeast.
func (db *Database) compactBatch(ctx context.Context, condition string, argument, atLeast int64) (done bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, db.options.Timeout)
	defer cancel()
	tx, err := db.writeDB.BeginTx(ctx, &sql.TxOptions{})
	if err != nil {
		return false, err
	}
	defer func() { _ = tx.Rollback() }()
	// A compaction that was asked for waits for its turn; one that happens regularly leaves it to the other.
	if leader, err := db.dialect.compactionLock(ctx, tx); err != nil || (!leader && atLeast == 0) {
		return true, err
	}
	var last sql.NullInt64
	var count int
	err = tx.QueryRowContext(ctx, fmt.Sprintf(`
		SELECT max(rev), count(*) FROM (SELECT rev, created FROM annex_log ORDER BY rev LIMIT %d) AS oldest WHERE %s`,
		compactionBatch, condition), argument).Scan(&last, &count)
	if err != nil {
		return false, err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM annex_log WHERE rev <= $1`, last.Int64); err != nil {
		return false, err
	}
	done = count < compactionBatch
	revision := last.Int64
	if done {
		revision = max(revision, atLeast)
	}
	// Last, because from here on writers wait.
	if _, err := tx.ExecContext(ctx, `UPDATE annex_meta SET compact_revision = $1 WHERE compact_revision < $1`, revision); err != nil {
		return false, err
	}
	if err := tx.Commit(); err != nil {
		return false, err
	}
	db.observeCompaction(revision)
	compactedEntries.WithLabelValues(db.dialect.name()).Add(float64(count))
	return done, nil
}
