package sql

import (
	"context"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/klog/v2"
)

// logReader follows the log for a whole process.
type logReader struct {
	db    *Database
	feed  *feed
	wakes chan struct{}

	lock sync.Mutex
	// waiters are closed once the log has been read up to where it was when they came.
	waiters []chan struct{}
}

func newLogReader(db *Database) *logReader {
	return &logReader{db: db, feed: newFeed(), wakes: make(chan struct{}, 1)}
}

// start finds the place from which to read.
func (r *logReader) start(ctx context.Context) error {
	s, err := r.db.state(ctx)
	if err != nil {
		return err
	}
	r.db.observeCompaction(s.compacted)
	r.feed.restart(s.revision, false)
	return nil
}

// wake has the log read now. It never blocks.
func (r *logReader) wake() {
	select {
	case r.wakes <- struct{}{}:
	default:
	}
}

// sync waits until everything that is in the log now has been read.
func (r *logReader) sync(ctx context.Context) error {
	waiter := make(chan struct{})
	r.lock.Lock()
	r.waiters = append(r.waiters, waiter)
	r.lock.Unlock()
	r.wake()
	select {
	case <-waiter:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-r.db.background.Done():
		return ErrClosed
	}
}

// run reads until ctx is done.
func (r *logReader) run(ctx context.Context) {
	backoff := wait.Backoff{Duration: 50 * time.Millisecond, Factor: 2, Jitter: 0.5, Steps: 10, Cap: 5 * time.Second}
	pause := backoff
	poll := time.NewTimer(r.db.options.PollInterval)
	defer poll.Stop()
	for {
		next := r.db.options.PollInterval
		switch err := r.readOn(ctx); {
		case ctx.Err() != nil:
			return
		case err != nil:
			next = pause.Step()
			klog.FromContext(ctx).Error(err, "Could not read the log of the database, trying again", "after", next)
		default:
			pause = backoff
		}
		poll.Reset(next)
		select {
		case <-ctx.Done():
			return
		case <-r.wakes:
		case <-poll.C:
		}
	}
}

// readOn reads from where the feed is to the end of the log.
func (r *logReader) readOn(ctx context.Context) error {
	r.lock.Lock()
	waiters := r.waiters
	r.waiters = nil
	r.lock.Unlock()
	if err := r.read(ctx); err != nil {
		r.lock.Lock()
		r.waiters = append(waiters, r.waiters...)
		r.lock.Unlock()
		return err
	}
	for _, waiter := range waiters {
		close(waiter)
	}
	return nil
}

func (r *logReader) read(ctx context.Context) error {
	for {
		place := r.feed.after(0).head
		next, err := r.db.readLog(ctx, place)
		if err != nil {
			return err
		}
		r.db.observeCompaction(next.compacted)
		switch {
		case next.head < place:
			// Revisions that have been seen will be given again, to other writes.
			klog.FromContext(ctx).Error(nil, "The database has lost writes: it was restored, or failed over to a server that had not got everything. Ending all watches",
				"revision", next.head, "was", place)
			r.feed.restart(next.head, true)
		case place < next.compacted:
			// This process was away for so long that a part of the log is gone. Who needs that will be told.
			r.feed.restart(next.head, false)
		default:
			r.feed.append(next)
		}
		readRevision.WithLabelValues(r.db.dialect.name()).Set(float64(next.head))
		if len(next.entries) < maxEntries {
			return nil
		}
	}
}
