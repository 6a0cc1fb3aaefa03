package sql

import (
	"context"
	"fmt"
	"time"

	"k8s.io/klog/v2"
)

const (
	// expiryInterval is how often it is looked for keys that have expired: they live so much longer at most.
	expiryInterval = 500 * time.Millisecond

	// expiryBatch is how many of them are deleted together.
	expiryBatch = 100
)

// expireRegularly deletes keys whose time has come: as anybody would, so that watches see it. A process that was faster
// does no harm, as keys are deleted on the condition that they have not been written since.
func (db *Database) expireRegularly(ctx context.Context) {
	ticker := time.NewTicker(expiryInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		for {
			count, err := db.expire(ctx)
			if err != nil && ctx.Err() == nil {
				klog.FromContext(ctx).Error(err, "Could not delete what has expired, trying again", "after", expiryInterval)
			}
			if count < expiryBatch || err != nil {
				break
			}
		}
	}
}

// expire deletes a batch, and says how many keys had expired.
func (db *Database) expire(ctx context.Context) (count int, err error) {
	expired, err := db.expired(ctx)
	if err != nil {
		return 0, fmt.Errorf("looking for keys that have expired: %w", err)
	}
	// All are handed over before the first is waited for, so that they are committed together.
	failures := make(chan error, len(expired))
	for _, w := range expired {
		go func() {
			_, _, err := db.write(ctx, w)
			failures <- err
		}()
	}
	for range expired {
		if failure := <-failures; failure != nil {
			err = fmt.Errorf("deleting a key that has expired: %w", failure)
		}
	}
	return len(expired), err
}

func (db *Database) expired(ctx context.Context) (deletions []write, err error) {
	ctx, cancel := context.WithTimeout(ctx, db.options.Timeout)
	defer cancel()
	rows, err := db.readDB.QueryContext(ctx, `
		SELECT key, rev FROM annex_current WHERE expires <= `+db.dialect.now()+` ORDER BY expires LIMIT $1`, expiryBatch)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var deletion write
		if err := rows.Scan(&deletion.key, &deletion.expected); err != nil {
			return nil, err
		}
		deletions = append(deletions, deletion)
	}
	return deletions, rows.Err()
}
