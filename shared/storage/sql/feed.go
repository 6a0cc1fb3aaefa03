package sql

import (
	"sort"
	"sync"
)

const (
	// maxFeedEntries and maxFeedBytes limit how much of the log is kept in memory, for the watches that are not far
	// behind.
	maxFeedEntries = 10000
	maxFeedBytes   = 32 << 20
)

// feed is the last part of the log, in memory. Entries are added in order, by one reader.
type feed struct {
	lock sync.Mutex
	// entries are all those with floor < rev <= head.
	entries     []entry
	floor, head int64
	bytes       int
	// losses counts how often the database came back with less than it had.
	losses int
	// changed is closed at the next change.
	changed chan struct{}

	maxEntries, maxBytes int
}

func newFeed() *feed {
	return &feed{changed: make(chan struct{}), maxEntries: maxFeedEntries, maxBytes: maxFeedBytes}
}

// position is a place in the feed, and what comes after it.
type position struct {
	// entries come after the place. They are shared: not to be changed.
	entries []entry
	// head is up to where the feed is.
	head int64
	// behind says that the feed begins after the place: the log has what is missing.
	behind bool
	// losses is the feed's count.
	losses int
	// changed is closed when there is more.
	changed <-chan struct{}
}

// after is what the feed has after a revision.
func (f *feed) after(revision int64) position {
	f.lock.Lock()
	defer f.lock.Unlock()
	p := position{head: f.head, behind: revision < f.floor, losses: f.losses, changed: f.changed}
	if !p.behind {
		first := sort.Search(len(f.entries), func(i int) bool { return f.entries[i].rev > revision })
		p.entries = f.entries[first:len(f.entries):len(f.entries)]
	}
	return p
}

// append adds what comes after head.
func (f *feed) append(next entries) {
	f.lock.Lock()
	defer f.lock.Unlock()
	if next.head == f.head {
		return
	}
	for i := range next.entries {
		f.bytes += next.entries[i].size()
	}
	f.entries = append(f.entries, next.entries...)
	f.head = next.head
	for len(f.entries) > f.maxEntries || (f.bytes > f.maxBytes && len(f.entries) > 1) {
		f.floor = f.entries[0].rev
		f.bytes -= f.entries[0].size()
		f.entries = f.entries[1:]
	}
	f.announce()
}

// restart forgets what there was. lost says that the database has less than it had.
func (f *feed) restart(head int64, lost bool) {
	f.lock.Lock()
	defer f.lock.Unlock()
	f.entries, f.bytes = nil, 0
	f.floor, f.head = head, head
	if lost {
		f.losses++
	}
	f.announce()
}

// announce wakes those who wait for a change.
func (f *feed) announce() {
	close(f.changed)
	f.changed = make(chan struct{})
}
