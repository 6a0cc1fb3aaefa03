// Package history holds a storage.Interface to what clients build on, while what it stands on is killed, cut off and
// compacted: it has clients do at random what clients do, records what they asked, what they were told and when, and
// finds out afterwards whether there is an explanation.
//
//	system := history.System{Replicas: []history.Replica{one, other}, Witnesses: ..., Faults: ...}
//	recorded, err := history.Record(ctx, system, history.Options{Seed: seed})
//	for _, violation := range recorded.Check() { ... }
//
// # What is checked
//
//	Linearizable   each object is a register: there is one order of all that was done to it, in which every answer is
//	               right, and which is not at odds with the clock (github.com/anishathalye/porcupine)
//	Chronological  resourceVersions are that order, of all objects together
//	Consistent     a list, of now or of a revision, has what was there at its revision, and an object what was written at its
//	Explained      410 Gone is the answer to what a compaction has taken, and to nothing else
//
// and of watches, what etcd's robustness tests check (https://etcd.io/docs/v3.6/learning/api_guarantees/#watch-apis):
//
//	Ordered        events are in the order of revisions
//	Unique         no event comes twice
//	Atomic         what is said of a revision is all of what was written at it, and everybody says the same
//	Reliable       between the first and the last event, none is missing
//	Resumable      a watch from a revision begins with the first event after it
//	Bookmarkable   a bookmark says that all up to its revision has come
//
// # What is not known
//
// The outcome of a write whose answer was lost is open: it may have taken place at any time since, or never. What the
// watches and reads saw of it decides, as in etcd's tests; for the rest, every possibility is tried.
package history
