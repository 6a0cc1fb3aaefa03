package history

import (
	"cmp"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/watch"
)

// Log is every write that anybody knows of, in the order of revisions.
type Log []Change

// Change is a write.
type Change struct {
	Revision uint64
	Key      string
	// After is what was written; nil if it is a deletion, of Before.
	After, Before *Object
	// source is who says so.
	source string
}

func (c Change) String() string {
	if c.After == nil {
		return fmt.Sprintf("the deletion of %s=%s", c.Key, c.Before.Value)
	}
	return fmt.Sprintf("%s=%s", c.Key, c.After.Value)
}

// newLog collects what watches of everything saw, and writers were told. The error is that of [Atomic].
func newLog(h *History) (Log, error) {
	var all []Change
	for i := range h.Watches {
		w := &h.Watches[i]
		if !w.everything() {
			continue // To a selector, an object that changes may come or go.
		}
		_, after := w.parts()
		for _, e := range changes(after) {
			c := Change{Revision: e.Revision, Key: e.Key, After: &e.Object, source: w.String()}
			if e.Type == watch.Deleted {
				c.After, c.Before = nil, &e.Object
			}
			all = append(all, c)
		}
	}
	for i := range h.Operations {
		o := &h.Operations[i]
		if !o.Kind.writes() || o.Outcome != Done {
			continue
		}
		c := Change{Revision: o.Response.Revision, Key: o.Key, After: o.Object, source: o.String()}
		if o.Kind == Delete {
			c.After, c.Before = nil, o.Before
		}
		all = append(all, c)
	}
	return mergeChanges(all)
}

func mergeChanges(all []Change) (log Log, err error) {
	slices.SortStableFunc(all, func(a, b Change) int { return cmp.Compare(a.Revision, b.Revision) })
	for _, c := range all {
		if len(log) == 0 || log[len(log)-1].Revision != c.Revision {
			log = append(log, c)
			continue
		}
		if err == nil {
			err = Atomic(log[len(log)-1], c)
		}
	}
	return log, err
}

// at is what there was at a revision.
func (l Log) at(revision uint64) map[string]Object {
	state := map[string]Object{}
	for _, c := range l {
		if c.Revision > revision {
			break
		}
		if c.After == nil {
			delete(state, c.Key)
		} else {
			state[c.Key] = *c.After
		}
	}
	return state
}

// find is the write of a revision.
func (l Log) find(revision uint64) (Change, bool) {
	i, found := slices.BinarySearchFunc(l, revision, func(c Change, r uint64) int { return cmp.Compare(c.Revision, r) })
	if !found {
		return Change{}, false
	}
	return l[i], true
}

// events are what a watch has to say of the writes after one revision, and up to another.
func (l Log) events(r WatchRequest, after, upTo uint64) (events []Event) {
	state := l.at(after)
	for _, c := range l {
		if c.Revision <= after {
			continue
		}
		if c.Revision > upTo {
			break
		}
		var before *Object
		if o, there := state[c.Key]; there {
			before = &o
		}
		if c.After == nil {
			delete(state, c.Key)
		} else {
			state[c.Key] = *c.After
		}
		is, was := r.selects(c.After), r.selects(before)
		e := Event{}
		switch {
		case is && was:
			e.Type, e.Object = watch.Modified, *c.After
		case is:
			e.Type, e.Object = watch.Added, *c.After
		case was:
			e.Type, e.Object = watch.Deleted, *before
		default:
			continue
		}
		e.Revision = c.Revision
		events = append(events, e)
	}
	return events
}
