package external

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"k8s.io/klog/v2"
)

const (
	// backfillBatch is how many rows a transaction publishes: the owner's writes wait as long as it takes. After each, they have as
	// much time for themselves.
	backfillBatch = 50

	// backfillPoll is how often a process looks whether another one that is at it goes on.
	backfillPoll = 100 * time.Millisecond

	// progressInterval is how often it is logged how far it is.
	progressInterval = 5 * time.Second
)

// backfill publishes the rows that were there before the triggers, a batch at a time; one process at a time, whichever.
func (t *Table) backfill(ctx context.Context, p *program) error {
	begun, said, count := time.Now(), time.Now(), 0
	for {
		start := time.Now()
		published, complete, err := t.backfillSome(ctx, p)
		if err != nil {
			return fmt.Errorf("publishing the rows of table %s: %w", t.config.Mapping.Table, err)
		}
		count += published
		backfilledRows.WithLabelValues(t.config.Resource.String()).Add(float64(published))
		if published > 0 {
			t.database.Wake()
		}
		logger := klog.FromContext(ctx)
		if complete {
			if count > 0 {
				logger.Info("Published the rows that were there", "rows", count, "took", time.Since(begun))
			}
			return nil
		}
		if time.Since(said) > progressInterval {
			logger.Info("Publishing the rows that were there", "rows", count)
			said = time.Now()
			// Until now, requests are told something else.
			t.state.Store(&state{err: fmt.Errorf("the rows of table %s are being published: %d so far by this server", t.config.Mapping.Table, count)})
		}
		pause := time.Since(start)
		if published == 0 {
			pause = backfillPoll
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

func (t *Table) backfillSome(ctx context.Context, p *program) (published int, complete bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	tx, err := t.pool.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return 0, false, err
	}
	defer func() { _ = tx.Rollback() }()
	err = tx.QueryRowContext(ctx, `SELECT published, complete FROM `+p.Backfill+`($1)`, backfillBatch).Scan(&published, &complete)
	if err != nil {
		return 0, false, err
	}
	return published, complete, tx.Commit()
}
