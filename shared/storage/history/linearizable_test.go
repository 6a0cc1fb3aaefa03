package history

import (
	"bytes"
	"testing"
)

// asked is an operation that is not done.
func asked(kind Kind, call, returned int, o Object, outcome Outcome) Operation {
	operation := did(kind, call, returned, o, 0)
	operation.Response = Response{Outcome: outcome}
	return operation
}

// updated is an update of one object to another.
func updated(call, returned int, before, after Object) Operation {
	operation := did(Update, call, returned, after, after.Revision)
	operation.Before = &before
	return operation
}

func removed(call, returned int, before Object, revision uint64) Operation {
	operation := did(Delete, call, returned, before, revision)
	operation.Object, operation.Before = nil, &before
	return operation
}

// expecting has an operation be on the condition that the object is the one expected.
func expecting(o Operation, expected Object) Operation {
	o.IfRevision, o.Expected = true, &expected
	return o
}

func TestLinearizable(t *testing.T) {
	a3 := Object{Key: "a", UID: "u", Value: "3", Revision: 4}
	created := did(Create, 0, 10, a1, 2)
	for _, test := range []struct {
		name       string
		operations []Operation
		holds      bool
	}{
		{"one after another", []Operation{created, updated(20, 30, a1, a2), did(Get, 40, 50, a2, 0), removed(60, 70, a2, 6), asked(Get, 80, 90, a1, Missing)}, true},
		{"a read at the same time sees either", []Operation{created, updated(20, 50, a1, a2), did(Get, 30, 40, a1, 0), did(Get, 41, 45, a2, 0)}, true},
		{"a list reads every object", []Operation{created, listed(List, 20, 30, 2, a1)}, true},
		{"a condition does not hold", []Operation{created, updated(20, 30, a1, a2), expecting(asked(Update, 40, 50, a3, Conflict), a1)}, true},
		{"it is there already", []Operation{created, asked(Create, 20, 30, a1, Exists)}, true},
		{"a stale read", []Operation{created, updated(20, 30, a1, a2), did(Get, 40, 50, a1, 0)}, false},
		{"reads that go back", []Operation{created, updated(20, 60, a1, a2), did(Get, 30, 35, a2, 0), did(Get, 40, 45, a1, 0)}, false},
		{"a stale list", []Operation{created, updated(20, 30, a1, a2), listed(List, 40, 50, 3, a1)}, false},
		{"a list without it", []Operation{created, listed(List, 20, 30, 2)}, false},
		{"an acknowledged write is lost", []Operation{created, asked(Get, 20, 30, a1, Missing)}, false},
		{"an update is lost to another", []Operation{created, updated(20, 30, a1, a2), updated(40, 50, a1, a3)}, false},
		{"created twice", []Operation{created, did(Create, 20, 30, a2, 3)}, false},
		{"a revision that is not higher", []Operation{did(Create, 0, 10, a2, 3), updated(20, 30, a2, a1)}, false},
		{"a revision that is another", []Operation{created, did(Get, 20, 30, Object{Key: "a", UID: "u", Value: "1", Color: "red", Revision: 3}, 0)}, false},
		{"a condition that held", []Operation{created, expecting(asked(Update, 20, 30, a2, Conflict), a1)}, false},
		{"a condition that did not hold", []Operation{created, updated(20, 30, a1, a2), expecting(updated(40, 50, a2, a3), a1)}, false},
		{"it is missing, and is there", []Operation{created, asked(Update, 20, 30, a2, Missing)}, false},
		{"it exists, and does not", []Operation{asked(Create, 0, 10, a1, Exists)}, false},
		{"an unknown write that was seen", []Operation{asked(Create, 0, 10, a1, Unknown), did(Get, 20, 30, a1, 0)}, true},
		{"an unknown write that was seen later", []Operation{asked(Create, 0, 10, a1, Unknown), asked(Get, 20, 30, a1, Missing), did(Get, 40, 50, a1, 0)}, true},
		{"an unknown write that was never seen", []Operation{asked(Create, 0, 10, Object{Key: "a", Value: "9"}, Unknown), asked(Get, 20, 30, a1, Missing)}, true},
		{"an unknown deletion", []Operation{created, asked(Delete, 20, 30, a1, Unknown), did(Get, 40, 50, a1, 0), asked(Get, 60, 70, a1, Missing)}, true},
		{"an unknown write that was seen before", []Operation{did(Get, 0, 10, a1, 0), asked(Create, 20, 30, a1, Unknown)}, false},
		{"an unknown write that comes and goes", []Operation{asked(Create, 0, 10, a1, Unknown), did(Get, 20, 30, a1, 0), asked(Get, 40, 50, a1, Missing)}, false},
	} {
		pages, err := Linearizable(log, &History{Operations: test.operations})
		if (err == nil) != test.holds {
			t.Errorf("%s: got %v", test.name, err)
		}
		if !bytes.Contains(pages["a"], []byte("<html")) {
			t.Errorf("%s: there is no page that shows it", test.name)
		}
	}
}

// TestUnknownWriteIsSettledByWatches: what a watch saw of it says when it took place.
func TestUnknownWriteIsSettledByWatches(t *testing.T) {
	never := asked(Update, 0, 10, Object{Key: "a", Value: "never"}, Unknown)
	settled := settle(log, []Operation{asked(Create, 0, 10, a1, Unknown), never, asked(Delete, 0, 10, b1, Unknown), asked(Delete, 0, 10, a2, Unknown)})
	if len(settled) != 2 || settled[0].Response.Revision != 2 || settled[1].Key != "a" || settled[1].Kind != Delete {
		t.Errorf("what is left is %v", settled)
	}
}

func TestChoiceIsOfTheSeed(t *testing.T) {
	one, other := newChooser(7, 1, 5), newChooser(7, 1, 5)
	other.see(Response{Outcome: Done, Object: &Object{Key: "object-1", UID: "u", Value: "x", Revision: 3}})
	differs := false
	another := newChooser(8, 1, 5)
	for range 200 {
		a, replicaA := one.next(2, 1, 100)
		b, replicaB := other.next(2, 1, 100)
		if a.Kind != b.Kind || a.Key != b.Key || a.Value != b.Value || a.Color != b.Color || replicaA != replicaB {
			t.Fatalf("the same seed gives %v on %d, and %v on %d", a, replicaA, b, replicaB)
		}
		c, _ := another.next(2, 1, 100)
		differs = differs || a.Kind != c.Kind || a.Key != c.Key
	}
	if !differs {
		t.Error("another seed gives the same")
	}
}
