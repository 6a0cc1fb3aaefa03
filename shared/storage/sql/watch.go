package sql

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/apiserver/pkg/features"
	"k8s.io/apiserver/pkg/storage"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	utilflowcontrol "k8s.io/apiserver/pkg/util/flowcontrol"
	"k8s.io/klog/v2"
)

const (
	// watchBuffer is how many events wait for the one who watches, as upstream's (etcd3/watcher.go).
	watchBuffer = 100

	// watchPage is how many objects are read at once for a watch that begins with what there is.
	watchPage = 1000
)

// Watch sends what happens to the objects under a key, from opts.ResourceVersion on. With 0, or with SendInitialEvents, it
// begins with an event for each object there is. Bookmarks are for those who want them (ProgressNotify, or
// AllowWatchBookmarks of the predicate).
//
// A revision that is gone ends the watch with 410 Gone, an object that can't be read with 500. An unreachable database
// ends nothing, the watch goes on where it was: unless it has not come to that, because it begins with what there is. Then it
// is 503, as for a list.
func (s *Store) Watch(ctx context.Context, key string, opts storage.ListOptions) (watch.Interface, error) {
	prefix, err := s.key(key, opts.Recursive)
	if err != nil {
		return nil, err
	}
	revision, err := s.versioner.ParseResourceVersion(opts.ResourceVersion)
	if err != nil {
		return nil, err
	}
	if opts.ProgressNotify && s.config.New == nil {
		return nil, apierrors.NewInternalError(fmt.Errorf("watching %s: there is no function that makes an object for bookmarks", prefix))
	}
	watchList := utilfeature.DefaultFeatureGate.Enabled(features.WatchList)
	sendInitial := opts.SendInitialEvents != nil && *opts.SendInitialEvents && watchList
	w := &watcher{
		store:      s,
		span:       span{prefix: prefix, exact: !opts.Recursive},
		predicate:  opts.Predicate,
		place:      int64(revision),
		losses:     s.db.log.feed.after(0).losses,
		initial:    sendInitial || (revision == 0 && opts.SendInitialEvents == nil),
		initialEnd: sendInitial && opts.Predicate.AllowWatchBookmarks && s.config.New != nil,
		bookmarks:  (opts.ProgressNotify || opts.Predicate.AllowWatchBookmarks) && s.config.New != nil,
		timestamps: opts.RecordTimestamps,
		results:    make(chan watch.Event, watchBuffer),
	}
	if opts.ProgressNotify {
		w.requested = s.progress.next()
	}
	if revision == 0 && !w.initial && watchList {
		// From now on: now is before this returns.
		current, err := s.GetCurrentResourceVersion(ctx)
		if err != nil {
			return nil, err
		}
		w.place = int64(current)
	}
	w.ctx, w.cancel = context.WithCancel(ctx)
	stopWithDatabase := context.AfterFunc(s.db.background, w.cancel)
	go func() {
		defer stopWithDatabase()
		w.run()
	}()
	utilflowcontrol.WatchInitialized(ctx)
	return w, nil
}

// watcher is a watch: a place in the log, and what to do with the entries after it.
type watcher struct {
	store     *Store
	span      span
	predicate storage.SelectionPredicate
	// place is the revision up to which everything has been sent.
	place int64
	// losses is the feed's count when the watch began.
	losses int
	// initial asks for events of what there is, initialEnd for a bookmark after them.
	initial, initialEnd bool
	bookmarks           bool
	timestamps          bool
	// requested is closed when the store's watches are asked for progress; nil if this one does not take part.
	requested <-chan struct{}

	ctx     context.Context
	cancel  context.CancelFunc
	results chan watch.Event
}

// Stop ends the watch. The channel is closed once that has happened.
func (w *watcher) Stop() { w.cancel() }

// ResultChan has the events. It is closed when the watch is over.
func (w *watcher) ResultChan() <-chan watch.Event { return w.results }

func (w *watcher) run() {
	defer close(w.results)
	defer w.cancel()
	err := w.sendInitial()
	if err == nil {
		err = w.follow()
	}
	if err == nil || w.ctx.Err() != nil {
		return
	}
	klog.FromContext(w.ctx).V(2).Info("A watch ends with an error", "key", w.span.prefix, "revision", w.place, "err", err)
	w.send(errorEvent(err))
}

// send returns false if nobody wants the event any more.
func (w *watcher) send(e watch.Event) bool {
	select {
	case w.results <- e:
		return true
	case <-w.ctx.Done():
		return false
	}
}

// sendInitial sends the objects that there are, at one revision, which becomes the place.
func (w *watcher) sendInitial() error {
	if w.initial {
		page := w.span
		page.limit = watchPage
		for more := true; more; {
			result, err := w.store.db.read(w.ctx, page)
			if err != nil {
				return w.store.failure(w.ctx, "watch", fmt.Errorf("reading the objects under %s: %w", w.span.prefix, err))
			}
			if w.place > result.revision {
				return storage.NewTooLargeResourceVersionError(uint64(w.place), uint64(result.revision), int(wait.Jitter(time.Second, 3).Seconds()))
			}
			for i := range result.records {
				r := &result.records[i]
				if err := w.sendEntry(&entry{rev: r.rev, key: r.key, value: r.value}, false); err != nil {
					return err
				}
				page.from = r.key + "\x00"
				r.value = nil
			}
			page.revision, more = result.revision, result.more
		}
		w.place = page.revision
	}
	if w.initialEnd {
		return w.sendBookmark(true)
	}
	return nil
}

// follow sends what comes after the place, until the watch is over.
func (w *watcher) follow() error {
	// What is gone from the log may still be in memory: but what a watch gets must not depend on the process.
	if compacted := w.store.db.CompactRevision(); w.place < compacted {
		return &compactedError{revision: w.place, compacted: compacted}
	}
	tick := time.NewTicker(w.store.db.options.ProgressInterval)
	defer tick.Stop()
	backoff := wait.Backoff{Duration: 50 * time.Millisecond, Factor: 2, Jitter: 0.5, Steps: 10, Cap: 5 * time.Second}
	pause := backoff
	wanted := false
	for {
		next := w.store.db.log.feed.after(w.place)
		if next.losses != w.losses {
			return &compactedError{revision: w.place, compacted: next.head}
		}
		if next.behind {
			err := w.catchUp()
			if err == nil {
				pause = backoff
				continue
			}
			var compacted *compactedError
			if errors.As(err, &compacted) || !errors.Is(err, errUnreadLog) {
				return err
			}
			if !w.sleep(pause.Step()) {
				return nil
			}
			continue
		}
		if err := w.sendEntries(next.entries); err != nil {
			return err
		}
		// A watch may begin in the future: then there is nothing to say until it has come.
		present := next.head >= w.place
		if present {
			w.place = next.head
		}
		if wanted && present && w.bookmarks {
			if err := w.sendBookmark(false); err != nil {
				return err
			}
			wanted = false
		}
		select {
		case <-w.ctx.Done():
			return nil
		case <-next.changed:
		case <-w.requested:
			w.requested = w.store.progress.next()
			wanted = true
		case <-tick.C:
			wanted = true
		}
	}
}

// errUnreadLog says that the log could not be read, which may be better next time.
var errUnreadLog = errors.New("reading the log")

// catchUp takes a piece from the log in the database: memory does not go so far back.
func (w *watcher) catchUp() error {
	next, err := w.store.db.readLog(w.ctx, w.place)
	if err != nil {
		return fmt.Errorf("%w: %w", errUnreadLog, err)
	}
	if w.place < next.compacted {
		return &compactedError{revision: w.place, compacted: next.compacted}
	}
	if err := w.sendEntries(next.entries); err != nil {
		return err
	}
	w.place = max(w.place, next.head)
	return nil
}

func (w *watcher) sendEntries(entries []entry) error {
	for i := range entries {
		if w.span.contains(entries[i].key) {
			if err := w.sendEntry(&entries[i], w.timestamps); err != nil {
				return err
			}
		}
		w.place = entries[i].rev
	}
	return nil
}

func (w *watcher) sendEntry(e *entry, timestamp bool) error {
	event, err := w.event(e)
	if err != nil || event == nil {
		return err
	}
	if timestamp {
		event.Object = &timedObject{Object: event.Object, read: e.read}
	}
	if !w.send(*event) {
		return w.ctx.Err()
	}
	return nil
}

// sendBookmark says where the watch is.
func (w *watcher) sendBookmark(initialEnd bool) error {
	obj := w.store.config.New()
	if err := w.store.versioner.UpdateObject(obj, uint64(w.place)); err != nil {
		return fmt.Errorf("making a bookmark: %w", err)
	}
	if initialEnd {
		if err := storage.AnnotateInitialEventsEndBookmark(obj); err != nil {
			return fmt.Errorf("making a bookmark: %w", err)
		}
	}
	if w.timestamps {
		obj = &timedObject{Object: obj, read: time.Now()}
	}
	if !w.send(watch.Event{Type: watch.Bookmark, Object: obj}) {
		return w.ctx.Err()
	}
	return nil
}

func (w *watcher) sleep(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-w.ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
