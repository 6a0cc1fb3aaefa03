package external

import (
	"context"
	"fmt"
	"time"

	"k8s.io/klog/v2"
)

// maxLeftOutLines is how many rows a look at them logs: one is enough to find out what is wrong.
const maxLeftOutLines = 10

// leftOutReport is what was said of the rows that are left out.
type leftOutReport struct {
	reasons map[string]bool
	// since is when the last one was left out that was logged.
	since time.Time
}

// reportLeftOut counts the rows that are no objects, and logs those that it has not seen.
func (t *Table) reportLeftOut(ctx context.Context, p *program) {
	if err := t.tryReportLeftOut(ctx, p); err != nil && ctx.Err() == nil {
		klog.FromContext(ctx).Error(err, "Could not count the rows that are left out")
	}
}

func (t *Table) tryReportLeftOut(ctx context.Context, p *program) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	counts := map[string]int{}
	for reason := range t.leftOut.reasons {
		counts[reason] = 0
	}
	counted, err := t.pool.QueryContext(ctx, `SELECT reason, count(*) FROM `+p.LeftOut+` GROUP BY reason`)
	if err != nil {
		return err
	}
	defer func() { _ = counted.Close() }()
	for counted.Next() {
		var reason string
		var count int
		if err := counted.Scan(&reason, &count); err != nil {
			return err
		}
		counts[reason] = count
	}
	if err := counted.Err(); err != nil {
		return err
	}
	t.leftOut.reasons = map[string]bool{}
	for reason, count := range counts {
		t.leftOut.reasons[reason] = true
		leftOutRows.WithLabelValues(t.config.Resource.String(), reason).Set(float64(count))
	}
	rows, err := t.pool.QueryContext(ctx, fmt.Sprintf(`
		SELECT jsonb_build_array(%s)::text, reason, problem, since FROM %s WHERE since > $1 ORDER BY since LIMIT %d`,
		keyNames(p.Key), p.LeftOut, maxLeftOutLines), t.leftOut.since)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var key, reason, problem string
		if err := rows.Scan(&key, &reason, &problem, &t.leftOut.since); err != nil {
			return err
		}
		klog.FromContext(ctx).Error(nil, "A row is no object, and left out", "key", key, "reason", reason, "problem", problem)
	}
	return rows.Err()
}
