package database

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// Churned is what became of a Churn.
type Churned struct {
	// Writes are the transactions that were committed.
	Writes int
	// Slowest is how long the slowest of them took.
	Slowest time.Duration
}

// Churn has random machines seen, and their cores changed now and then, rate times a second, until ctx ends.
func (d *Database) Churn(ctx context.Context, rate float64) (Churned, error) {
	var done Churned
	var last int64
	if err := d.db.QueryRowContext(ctx, `SELECT coalesce(max(id), 0) FROM cmdb.machines`).Scan(&last); err != nil {
		return done, fmt.Errorf("looking for machines: %w", err)
	}
	ticker := time.NewTicker(time.Duration(float64(time.Second) / rate))
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return done, nil
		case <-ticker.C:
		}
		start := time.Now()
		// The last write is not cut off: it would say nothing of how long it takes.
		_, err := d.db.ExecContext(context.WithoutCancel(ctx), `
			UPDATE cmdb.machines SET last_seen = clock_timestamp(), cores = CASE WHEN $2 THEN 1 + cores % 64 ELSE cores END WHERE id = $1`,
			1+rand.N(max(last, 1)), rand.N(10) == 0)
		if err != nil {
			return done, fmt.Errorf("writing a machine: %w", err)
		}
		done.Writes++
		done.Slowest = max(done.Slowest, time.Since(start))
	}
}
