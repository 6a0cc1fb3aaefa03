package history

import (
	"fmt"

	"k8s.io/apimachinery/pkg/watch"
)

// Ordered: events are in the order of revisions, and so are bookmarks among them.
func Ordered(w *Watch) error {
	last := w.place()
	_, after := w.parts()
	for i := range after {
		e := &after[i]
		if e.Type == watch.Error {
			continue
		}
		if e.Revision < last {
			return fmt.Errorf("%s has %s after revision %d", w, e, last)
		}
		last = e.Revision
	}
	return nil
}

// Unique: no event comes twice, and neither does an object at the beginning.
func Unique(w *Watch) error {
	initial, after := w.parts()
	keys := map[string]bool{}
	for _, e := range changes(initial) {
		if keys[e.Key] {
			return fmt.Errorf("%s begins with %s twice", w, e.Key)
		}
		keys[e.Key] = true
	}
	revisions := map[uint64]bool{}
	for _, e := range changes(after) {
		if revisions[e.Revision] {
			return fmt.Errorf("%s has %s, and had an event of that revision", w, &e)
		}
		revisions[e.Revision] = true
	}
	return nil
}

// Atomic: two who speak of one revision speak of one write, and say all of it.
func Atomic(a, b Change) error {
	same := a.Key == b.Key && (a.After == nil) == (b.After == nil)
	if same && a.After != nil {
		same = a.After.is(*b.After)
	}
	if same && a.After == nil {
		same = a.Before.is(*b.Before)
	}
	if !same {
		return fmt.Errorf("revision %d is %s to %s, and %s to %s", a.Revision, a, a.source, b, b.source)
	}
	return nil
}

// Reliable: between the first event and the last, none is missing, and each says what happened.
func Reliable(log Log, w *Watch) error {
	_, after := w.parts()
	got := changes(after)
	if len(got) == 0 {
		return nil
	}
	first, last := got[0].Revision, got[0].Revision
	events := map[uint64]*Event{}
	for i := range got {
		first, last = min(first, got[i].Revision), max(last, got[i].Revision)
		events[got[i].Revision] = &got[i]
	}
	for _, want := range log.events(w.WatchRequest, first-1, last) {
		e := events[want.Revision]
		if e == nil {
			return fmt.Errorf("%s lacks %s", w, &want)
		}
		if e.Type != want.Type || !e.Object.is(want.Object) {
			return fmt.Errorf("%s has %s instead of %s", w, e, &want)
		}
		delete(events, want.Revision)
	}
	for _, e := range events {
		return fmt.Errorf("%s has %s, which did not happen to what it watches", w, e)
	}
	return nil
}

// Resumable: a watch from a revision begins with the first event after it.
func Resumable(log Log, w *Watch) error {
	_, after := w.parts()
	got := changes(after)
	if len(got) == 0 {
		return nil
	}
	place := w.place()
	if got[0].Revision <= place {
		return fmt.Errorf("%s has %s, which is not after %d", w, &got[0], place)
	}
	if missed := log.events(w.WatchRequest, place, got[0].Revision-1); len(missed) > 0 {
		return fmt.Errorf("%s begins after %d with %s instead of %s", w, place, &got[0], &missed[0])
	}
	return nil
}

// Bookmarkable: when a bookmark comes, everything up to its revision has come, and nothing of it comes later. The one
// after the initial events says that these are what there was.
func Bookmarkable(log Log, w *Watch) error {
	initial, after := w.parts()
	if place := w.place(); w.Initial && place != 0 {
		if err := sameObjects(selected(log.at(place), w.WatchRequest), objectsOf(changes(initial))); err != nil {
			return fmt.Errorf("%s begins with what was not there at its bookmark, %d: %w", w, place, err)
		}
	}
	came := map[uint64]bool{}
	marked := w.place()
	for i := range after {
		e := &after[i]
		switch {
		case e.Type == watch.Error:
		case e.Type != watch.Bookmark:
			if e.Revision <= marked {
				return fmt.Errorf("%s has %s after the bookmark at %d", w, e, marked)
			}
			came[e.Revision] = true
		default:
			for _, want := range log.events(w.WatchRequest, marked, e.Revision) {
				if !came[want.Revision] {
					return fmt.Errorf("%s has a bookmark at %d, and had no %s", w, e.Revision, &want)
				}
			}
			marked = max(marked, e.Revision)
		}
	}
	return nil
}

func objectsOf(events []Event) (objects []Object) {
	for _, e := range events {
		objects = append(objects, e.Object)
	}
	return objects
}

func selected(state map[string]Object, r WatchRequest) map[string]Object {
	for key, o := range state {
		if !r.selects(&o) {
			delete(state, key)
		}
	}
	return state
}

// sameObjects compares what was read with what there was.
func sameObjects(want map[string]Object, got []Object) error {
	seen := map[string]bool{}
	for _, o := range got {
		if seen[o.Key] {
			return fmt.Errorf("%s is there twice", o.Key)
		}
		seen[o.Key] = true
		if w, there := want[o.Key]; !there {
			return fmt.Errorf("%s is not there, and was read", &o)
		} else if w != o {
			return fmt.Errorf("%s is there, and %s was read", &w, &o)
		}
	}
	for key, o := range want {
		if !seen[key] {
			return fmt.Errorf("%s is there, and was not read", &o)
		}
	}
	return nil
}
