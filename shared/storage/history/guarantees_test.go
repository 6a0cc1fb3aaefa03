package history

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/watch"
)

// What happens in the histories made by hand: a is created, changes its color, b comes, a goes.
var (
	a1  = Object{Key: "a", UID: "u", Value: "1", Color: "red", Revision: 2}
	a2  = Object{Key: "a", UID: "u", Value: "2", Color: "blue", Revision: 3}
	b1  = Object{Key: "b", UID: "v", Value: "3", Color: "red", Revision: 5}
	log = Log{
		{Revision: 2, Key: "a", After: &a1},
		{Revision: 3, Key: "a", After: &a2},
		{Revision: 5, Key: "b", After: &b1},
		{Revision: 6, Key: "a", Before: &a2},
	}
)

func added(o Object) Event    { return Event{Type: watch.Added, Object: o} }
func modified(o Object) Event { return Event{Type: watch.Modified, Object: o} }

func deleted(o Object, revision uint64) Event {
	o.Revision = revision
	return Event{Type: watch.Deleted, Object: o}
}

func bookmark(revision uint64) Event {
	return Event{Type: watch.Bookmark, Object: Object{Revision: revision}}
}

func initialEnd(revision uint64) Event {
	e := bookmark(revision)
	e.InitialEnd = true
	return e
}

// everything is a watch of everything, from a revision.
func everything(revision uint64, events ...Event) Watch {
	return Watch{WatchRequest: WatchRequest{Revision: revision}, Events: events}
}

func ofColor(color string, revision uint64, events ...Event) Watch {
	return Watch{WatchRequest: WatchRequest{Revision: revision, Color: color}, Events: events}
}

func initially(events ...Event) Watch {
	return Watch{WatchRequest: WatchRequest{Initial: true}, Events: events}
}

// watchTest is a watch that is as it should be, or not.
type watchTest struct {
	name  string
	watch Watch
	holds bool
}

func (test watchTest) check(t *testing.T, err error) {
	t.Helper()
	if (err == nil) != test.holds {
		t.Errorf("%s: got %v", test.name, err)
	}
}

func TestOrdered(t *testing.T) {
	for _, test := range []watchTest{
		{"in order", everything(1, added(a1), bookmark(2), modified(a2), bookmark(4), added(b1)), true},
		{"nothing", everything(1), true},
		{"what there is comes in any order", initially(added(b1), added(a2), initialEnd(5), deleted(a2, 6)), true},
		{"an error has no revision", everything(1, added(a1), Event{Type: watch.Error}), true},
		{"the wrong way round", everything(1, modified(a2), added(a1)), false},
		{"a bookmark goes back", everything(1, added(b1), bookmark(4)), false},
		{"after what there is, something older", initially(added(b1), initialEnd(5), modified(a2)), false},
	} {
		test.check(t, Ordered(&test.watch))
	}
}

func TestUnique(t *testing.T) {
	for _, test := range []watchTest{
		{"once each", everything(1, added(a1), modified(a2), bookmark(3), bookmark(3)), true},
		{"twice", everything(1, added(a1), added(a1)), false},
		{"twice, later", everything(1, added(a1), modified(a2), added(a1)), false},
		{"an object is there twice", initially(added(a1), added(a2), initialEnd(3)), false},
	} {
		test.check(t, Unique(&test.watch))
	}
}

func TestAtomic(t *testing.T) {
	other := a1
	other.Color = "blue"
	for _, test := range []struct {
		name string
		a, b Change
		same bool
	}{
		{"the same", log[0], Change{Revision: 2, Key: "a", After: &a1}, true},
		{"the same deletion", log[3], Change{Revision: 6, Key: "a", Before: &a2}, true},
		{"a part of it", log[0], Change{Revision: 2, Key: "a", After: &other}, false},
		{"another object", log[0], Change{Revision: 2, Key: "b", After: &b1}, false},
		{"a deletion", log[0], Change{Revision: 2, Key: "a", Before: &a1}, false},
		{"a deletion of something else", log[3], Change{Revision: 6, Key: "a", Before: &a1}, false},
	} {
		if err := Atomic(test.a, test.b); (err == nil) != test.same {
			t.Errorf("%s: got %v", test.name, err)
		}
	}
}

func TestReliable(t *testing.T) {
	for _, test := range []watchTest{
		{"all", everything(1, added(a1), modified(a2), added(b1), deleted(a2, 6)), true},
		{"from the middle to the middle", everything(2, modified(a2), added(b1)), true},
		{"it comes and goes by its color", ofColor("red", 1, added(a1), deleted(a1, 3), added(b1)), true},
		{"the other color", ofColor("blue", 1, added(a2), deleted(a2, 6)), true},
		{"one is missing", everything(1, added(a1), added(b1)), false},
		{"one is missing of a color", ofColor("red", 1, added(a1), added(b1)), false},
		{"one that did not happen", everything(1, added(a1), modified(a2), deleted(a2, 4), added(b1)), false},
		{"the wrong type", everything(1, added(a1), added(a2)), false},
		{"the wrong object", everything(1, added(a1), modified(Object{Key: "a", UID: "u", Value: "1", Color: "blue", Revision: 3})), false},
		{"a deletion with what it never was to the selector", ofColor("red", 1, added(a1), deleted(a2, 3)), false},
	} {
		test.check(t, Reliable(log, &test.watch))
	}
}

func TestResumable(t *testing.T) {
	for _, test := range []watchTest{
		{"from the beginning", everything(1, added(a1)), true},
		{"goes on", everything(3, added(b1)), true},
		{"goes on at what was not of it", ofColor("red", 3, added(b1)), true},
		{"nothing", everything(3), true},
		{"after what there is", initially(added(a2), initialEnd(3), added(b1)), true},
		{"what it had before", everything(3, modified(a2)), false},
		{"begins too late", everything(2, added(b1)), false},
		{"begins too late after what there is", initially(added(a1), initialEnd(2), added(b1)), false},
	} {
		test.check(t, Resumable(log, &test.watch))
	}
}

func TestBookmarkable(t *testing.T) {
	for _, test := range []watchTest{
		{"all up to it", everything(1, added(a1), bookmark(2), modified(a2), bookmark(4), added(b1), bookmark(5)), true},
		{"what is not selected does not come", ofColor("blue", 3, bookmark(5), deleted(a2, 6)), true},
		{"what there is", initially(added(a2), added(b1), initialEnd(5)), true},
		{"what there is of a color", Watch{WatchRequest: WatchRequest{Initial: true, Color: "red"}, Events: []Event{added(b1), initialEnd(5)}}, true},
		{"one comes after it", everything(1, bookmark(2), added(a1)), false},
		{"one never came", everything(1, added(a1), bookmark(4)), false},
		{"one never came, of the beginning", everything(1, bookmark(2)), false},
		{"what there is is not all", initially(added(b1), initialEnd(5)), false},
		{"what there is was there before", initially(added(a1), initialEnd(3)), false},
		{"what there is is gone", initially(added(a2), added(b1), initialEnd(6)), false},
	} {
		test.check(t, Bookmarkable(log, &test.watch))
	}
}

// at is a time.
func at(n int) time.Duration { return time.Duration(n) * time.Millisecond }

// did is an operation with a response that is done.
func did(kind Kind, call, returned int, o Object, revision uint64) Operation {
	return Operation{
		Call: at(call), Return: at(returned), Request: Request{Kind: kind, Key: o.Key, Value: o.Value, UID: o.UID, Color: o.Color},
		Response: Response{Outcome: Done, Object: &o, Revision: revision},
	}
}

func listed(kind Kind, call, returned int, revision uint64, objects ...Object) Operation {
	return Operation{Call: at(call), Return: at(returned), Request: Request{Kind: kind, Revision: revision}, Response: Response{Outcome: Done, Objects: objects, Revision: revision}}
}

func TestChronological(t *testing.T) {
	seen := everything(1, Event{Type: watch.Added, Object: b1, Received: at(15)})
	begun := initially(added(a2), initialEnd(3))
	begun.Began = at(25)
	for _, test := range []struct {
		name  string
		h     History
		holds bool
	}{
		{"in order", History{Operations: []Operation{did(Create, 0, 10, a1, 2), did(Create, 20, 30, b1, 5), listed(List, 40, 50, 5)}}, true},
		{"at once", History{Operations: []Operation{did(Create, 0, 30, a1, 2), did(Create, 10, 20, b1, 5)}}, true},
		{"a list of the past", History{Operations: []Operation{did(Create, 0, 10, b1, 5), listed(ListAt, 20, 30, 3)}}, true},
		{"a later write of a lower revision", History{Operations: []Operation{did(Create, 0, 10, b1, 5), did(Create, 20, 30, a1, 2)}}, false},
		{"a later write of the same revision", History{Operations: []Operation{did(Create, 0, 10, b1, 5), did(Create, 20, 30, a1, 5)}}, false},
		{"a later list of a lower revision", History{Operations: []Operation{did(Create, 0, 10, b1, 5), listed(List, 20, 30, 3)}}, false},
		{"a watch knew", History{Watches: []Watch{seen}, Operations: []Operation{listed(List, 20, 30, 3)}}, false},
		{"a watch begins in the past", History{Watches: []Watch{begun}, Operations: []Operation{did(Create, 0, 10, b1, 5)}}, false},
	} {
		if err := Chronological(&test.h); (err == nil) != test.holds {
			t.Errorf("%s: got %v", test.name, err)
		}
	}
}

func TestConsistent(t *testing.T) {
	wrong := listed(ListAt, 0, 10, 3, a2)
	wrong.Response.Revision = 4
	for _, test := range []struct {
		name      string
		operation Operation
		holds     bool
	}{
		{"what there is", listed(List, 0, 10, 5, b1, a2), true},
		{"what there was", listed(ListAt, 0, 10, 2, a1), true},
		{"nothing yet", listed(ListAt, 0, 10, 1), true},
		{"an object", did(Get, 0, 10, a2, 0), true},
		{"one is missing", listed(List, 0, 10, 5, a2), false},
		{"one is old", listed(List, 0, 10, 3, a1), false},
		{"one is there twice", listed(List, 0, 10, 3, a2, a2), false},
		{"one is gone", listed(List, 0, 10, 6, a2, b1), false},
		{"another revision than was asked for", wrong, false},
		{"an object of another revision", did(Get, 0, 10, Object{Key: "a", UID: "u", Value: "1", Color: "red", Revision: 3}, 0), false},
		{"an object that never was", did(Get, 0, 10, Object{Key: "a", UID: "u", Value: "9", Revision: 4}, 0), false},
	} {
		if err := Consistent(log, &History{Operations: []Operation{test.operation}}); (err == nil) != test.holds {
			t.Errorf("%s: got %v", test.name, err)
		}
	}
}

func TestExplained(t *testing.T) {
	compaction := []Incident{{What: "compaction", Revision: 4, Began: at(10)}}
	gone := func(revision uint64, returned int) History {
		return History{Incidents: compaction, Operations: []Operation{{Return: at(returned), Request: Request{Kind: ListAt, Revision: revision}, Response: Response{Outcome: Expired}}}}
	}
	ended := func(w Watch, e Event) History {
		e.Type, e.Received = watch.Error, at(20)
		w.Events = append(w.Events, e)
		return History{Incidents: compaction, Watches: []Watch{w}}
	}
	for _, test := range []struct {
		name  string
		h     History
		holds bool
	}{
		{"it was compacted", gone(3, 20), true},
		{"it was compacted later", gone(3, 5), false},
		{"the compacted revision can be read", gone(4, 20), false},
		{"a watch ends for that", ended(everything(2), Event{Expired: true}), true},
		{"a watch that was beyond", ended(everything(1, added(a1), modified(a2), bookmark(4)), Event{Expired: true}), false},
		{"a watch that did not begin", ended(initially(), Event{Unavailable: true}), true},
		{"a watch that had begun", ended(everything(2), Event{Unavailable: true}), false},
		{"a watch ends for another reason", ended(everything(2), Event{Error: "?"}), false},
	} {
		if err := Explained(&test.h); (err == nil) != test.holds {
			t.Errorf("%s: got %v", test.name, err)
		}
	}
	cached := gone(9, 20)
	cached.Cached = true
	if err := Explained(&cached); err != nil {
		t.Errorf("of a watch cache: got %v", err)
	}
}
