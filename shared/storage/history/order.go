package history

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/watch"
)

// Chronological: resourceVersions are in the order of time, of all objects together. What is done after something was
// known has a higher revision if it is a write, and no lower one if it is a read.
func Chronological(h *History) error {
	// knowledge is that a revision was there at a time.
	type knowledge struct {
		time     time.Duration
		revision uint64
		what     string
	}
	var known []knowledge
	for i := range h.Operations {
		o := &h.Operations[i]
		if o.Outcome != Done {
			continue
		}
		revision := o.Response.Revision
		if o.Object != nil {
			revision = max(revision, o.Object.Revision)
		}
		known = append(known, knowledge{o.Return, revision, o.String()})
	}
	for i := range h.Watches {
		w := &h.Watches[i]
		for j := range w.Events {
			e := &w.Events[j]
			known = append(known, knowledge{e.Received, e.Revision, w.String()})
		}
	}
	slices.SortFunc(known, func(a, b knowledge) int { return cmp.Compare(a.time, b.time) })
	// Of all that is known up to a time, what has the highest revision.
	for i := 1; i < len(known); i++ {
		if known[i].revision < known[i-1].revision {
			known[i].revision, known[i].what = known[i-1].revision, known[i-1].what
		}
	}
	before := func(t time.Duration) (knowledge, bool) {
		i, _ := slices.BinarySearchFunc(known, t, func(k knowledge, t time.Duration) int { return cmp.Compare(k.time, t) })
		if i == 0 {
			return knowledge{}, false
		}
		return known[i-1], true
	}
	for i := range h.Operations {
		o := &h.Operations[i]
		if o.Outcome != Done || !(o.Kind.writes() || o.Kind == List) {
			continue
		}
		k, some := before(o.Call)
		if some && (o.Response.Revision < k.revision || o.Kind.writes() && o.Response.Revision == k.revision) {
			return fmt.Errorf("%s is of revision %d, and before it there was revision %d: %s", o, o.Response.Revision, k.revision, k.what)
		}
	}
	for i := range h.Watches {
		w := &h.Watches[i]
		k, some := before(w.Began)
		if place := w.place(); w.Initial && place != 0 && some && place < k.revision {
			return fmt.Errorf("%s begins with what there was at %d, and before it there was revision %d: %s", w, place, k.revision, k.what)
		}
	}
	return nil
}

// Consistent: a list has what was there at its revision, no matter when it was read, and how many pages it has; and an
// object is what was written at its revision.
func Consistent(log Log, h *History) error {
	for i := range h.Operations {
		o := &h.Operations[i]
		if o.Outcome != Done {
			continue
		}
		switch o.Kind {
		case ListAt, List:
			if o.Kind == ListAt && o.Response.Revision != o.Request.Revision {
				return fmt.Errorf("%s is of revision %d", o, o.Response.Revision)
			}
			if err := sameObjects(log.at(o.Response.Revision), o.Objects); err != nil {
				return fmt.Errorf("%s: at %d, %w", o, o.Response.Revision, err)
			}
		case Get, Touch:
			c, found := log.find(o.Object.Revision)
			if !found || c.After == nil || *c.After != *o.Object {
				return fmt.Errorf("%s: that was not written at %d", o, o.Object.Revision)
			}
		}
	}
	return nil
}

// Explained: what is told to be gone was compacted, and a watch ends for no other reason; one that has not begun also ends
// when the storage is not available. Watch caches have a past of their own, which begins when they do.
func Explained(h *History) error {
	if h.Cached {
		return nil
	}
	compacted := func(until time.Duration) (revision uint64) {
		for _, i := range h.Incidents {
			if i.Began <= until {
				revision = max(revision, i.Revision)
			}
		}
		return revision
	}
	for i := range h.Operations {
		o := &h.Operations[i]
		if o.Outcome != Expired {
			continue
		}
		revision := o.Request.Revision
		if o.Kind == List {
			revision = o.Response.Revision
		}
		if c := compacted(o.Return); revision >= c {
			return fmt.Errorf("%s, and the log was compacted up to %d", o, c)
		}
	}
	for i := range h.Watches {
		w := &h.Watches[i]
		for j := range w.Events {
			e := &w.Events[j]
			if e.Type != watch.Error || e.Unavailable && w.place() == 0 {
				continue
			}
			c := compacted(e.Received)
			if !e.Expired || w.end() >= c {
				return fmt.Errorf("%s has come to %d and ends with %s, and the log was compacted up to %d", w, w.end(), e, c)
			}
		}
	}
	return nil
}
