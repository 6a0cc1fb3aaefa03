package history

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/watch"
)

// WatchRequest is what a client wants to watch.
type WatchRequest struct {
	// Revision is the one after which it begins; of no matter if Initial.
	Revision uint64
	// Initial has it begin with the objects there are, and a bookmark after them.
	Initial bool
	// Key is the object that it is about, Color the objects; empty is all.
	Key, Color string
}

func (r WatchRequest) everything() bool { return r.Key == "" && r.Color == "" }

func (r WatchRequest) selects(o *Object) bool {
	return o != nil && (r.Key == "" || o.Key == r.Key) && (r.Color == "" || o.Color == r.Color)
}

// Event is what a watch says.
type Event struct {
	Type watch.EventType
	// Object is the one that it is about, with the revision of the event; of a bookmark, the revision alone.
	Object
	// InitialEnd is true for the bookmark after the objects that there were.
	InitialEnd bool
	// Expired is true for the error which says that the revision is gone.
	Expired bool
	// Unavailable is true for the error which says to try again later.
	Unavailable bool
	// Error is what an error says.
	Error string
	// Received is when, since the history began.
	Received time.Duration
}

func (e *Event) String() string {
	switch e.Type {
	case watch.Bookmark:
		return fmt.Sprintf("%s at %d", e.Type, e.Revision)
	case watch.Error:
		return fmt.Sprintf("%s %s", e.Type, e.Error)
	}
	return fmt.Sprintf("%s %s", e.Type, &e.Object)
}

// Watch is a watch, and what it said.
type Watch struct {
	Replica int
	// Began is when, since the history began.
	Began time.Duration
	WatchRequest
	Events []Event
}

func (w *Watch) String() string {
	from := fmt.Sprintf("from %d", w.Revision)
	if w.Initial {
		from = "with initial events"
	}
	if w.Key != "" {
		from += ", of " + w.Key
	}
	if w.Color != "" {
		from += ", of " + w.Color + " ones"
	}
	return fmt.Sprintf("the watch of replica %d that began after %v, %s", w.Replica, w.Began, from)
}

// parts are the events of what there was, up to their bookmark, and those of what happened after.
func (w *Watch) parts() (initial, after []Event) {
	if !w.Initial {
		return nil, w.Events
	}
	for i := range w.Events {
		if w.Events[i].InitialEnd {
			return w.Events[:i+1], w.Events[i+1:]
		}
	}
	return w.Events, nil
}

// changes are the events that are about objects.
func changes(events []Event) (result []Event) {
	for _, e := range events {
		if e.Type != watch.Bookmark && e.Type != watch.Error {
			result = append(result, e)
		}
	}
	return result
}

// place is the revision after which the part after the initial events begins; 0 if it does not.
func (w *Watch) place() uint64 {
	if !w.Initial {
		return w.Revision
	}
	if initial, _ := w.parts(); len(initial) > 0 && initial[len(initial)-1].InitialEnd {
		return initial[len(initial)-1].Revision
	}
	return 0
}

// end is the revision up to which the watch has come.
func (w *Watch) end() uint64 {
	end := w.place()
	_, after := w.parts()
	for _, e := range after {
		end = max(end, e.Revision)
	}
	return end
}
