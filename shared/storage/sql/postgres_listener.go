package sql

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/klog/v2"
)

// listen keeps a connection that LISTENs. Whenever it has to be made anew, something may have been missed: that wakes,
// too.
func (d *postgresDialect) listen(ctx context.Context, wake func()) {
	backoff := wait.Backoff{Duration: 100 * time.Millisecond, Factor: 2, Jitter: 0.5, Steps: 10, Cap: 5 * time.Second}
	pause := backoff
	for ctx.Err() == nil {
		err := d.listenOnce(ctx, func() {
			pause = backoff
			wake()
		})
		if ctx.Err() != nil {
			return
		}
		klog.FromContext(ctx).V(2).Info("Lost the connection that listens for changes, making a new one", "err", err)
		select {
		case <-ctx.Done():
		case <-time.After(pause.Step()):
		}
	}
}

func (d *postgresDialect) listenOnce(ctx context.Context, wake func()) error {
	connection, err := pgx.ConnectConfig(ctx, d.config)
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = connection.Close(closing)
	}()
	if _, err := connection.Exec(ctx, `LISTEN `+postgresChannel); err != nil {
		return err
	}
	for {
		wake()
		if _, err := connection.WaitForNotification(ctx); err != nil {
			return err
		}
	}
}
