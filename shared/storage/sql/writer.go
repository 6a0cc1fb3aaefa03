package sql

import (
	"context"
	"fmt"
	"slices"
	"time"

	"k8s.io/klog/v2"
)

const (
	// maxBatch is how many writes are committed together at most: so many share one wait for the disk.
	maxBatch = 128

	// maxAttempts is how often a transaction is tried that fails because of others.
	maxAttempts = 5
)

// writeAll commits writes, those together that have come meanwhile.
func (db *Database) writeAll(ctx context.Context) {
	for {
		var batch []*write
		select {
		case <-ctx.Done():
			return
		case w := <-db.writes:
			batch = append(batch, w)
		}
		for len(batch) < maxBatch && len(db.writes) > 0 {
			batch = append(batch, <-db.writes)
		}
		db.writeBatch(ctx, batch)
	}
}

// writeBatch commits a batch, and tells each of its writes.
func (db *Database) writeBatch(ctx context.Context, batch []*write) {
	results, committing, err := db.tryBatch(ctx, batch)
	for attempt := 1; err != nil && attempt < maxAttempts && db.dialect.retryable(err); attempt++ {
		results, committing, err = db.tryBatch(ctx, batch)
	}
	// One that can't be written, such as a value that is too large, must not take the others down with it.
	if err != nil && !committing && len(batch) > 1 && ctx.Err() == nil {
		klog.FromContext(ctx).V(2).Info("Writing one by one what could not be written together", "writes", len(batch), "err", err)
		for _, w := range batch {
			db.writeBatch(ctx, []*write{w})
		}
		return
	}
	batchSize.Observe(float64(len(batch)))
	for i, w := range batch {
		if err != nil {
			w.result <- writeResult{err: fmt.Errorf("writing %s: %w", w.key, err)}
			continue
		}
		w.result <- results[i]
	}
}

// tryBatch commits a batch in one transaction. If that fails while committing, it may have been committed.
func (db *Database) tryBatch(ctx context.Context, batch []*write) (results []writeResult, committing bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, db.options.Timeout)
	defer cancel()
	defer func(start time.Time) {
		transactionDuration.WithLabelValues(db.dialect.name()).Observe(time.Since(start).Seconds())
	}(time.Now())
	var keys []string
	for _, w := range batch {
		if !slices.Contains(keys, w.key) {
			keys = append(keys, w.key)
		}
	}
	var effects []*effect
	committing, err = db.dialect.writeBatch(ctx, db.writeDB, keys, func(revision int64, present map[string]record) []*effect {
		results, effects = applyAll(batch, revision, present)
		return effects
	})
	if err != nil {
		return nil, committing, err
	}
	if len(effects) > 0 {
		db.log.wake()
	}
	return results, committing, nil
}

// applyAll does writes one after another, of which each sees what those before have done.
func applyAll(batch []*write, revision int64, present map[string]record) (results []writeResult, effects []*effect) {
	for _, w := range batch {
		// Nobody waits for this one any more.
		if err := w.ctx.Err(); err != nil {
			results = append(results, writeResult{err: err})
			continue
		}
		e := w.apply(present[w.key], revision+1)
		if e == nil {
			results = append(results, writeResult{present: present[w.key]})
			continue
		}
		revision++
		present[w.key] = e.after()
		effects = append(effects, e)
		results = append(results, writeResult{revision: revision})
	}
	return results, effects
}
