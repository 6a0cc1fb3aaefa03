package history

import (
	"fmt"
	"strings"
	"time"
)

// Kind is what a client asks for.
type Kind string

const (
	Create Kind = "create"
	// Update changes an object that is there.
	Update Kind = "update"
	// Upsert changes an object, or creates it.
	Upsert Kind = "upsert"
	// Touch is an update that changes nothing: it writes nothing, and reads.
	Touch  Kind = "touch"
	Delete Kind = "delete"
	Get    Kind = "get"
	// List reads all objects.
	List Kind = "list"
	// ListAt reads all objects that there were at a revision.
	ListAt Kind = "list at"
)

func (k Kind) writes() bool { return k == Create || k == Update || k == Upsert || k == Delete }

// Request is what a client asks of a storage.
type Request struct {
	Kind Kind
	// Key is of the object; empty for lists.
	Key string
	// Value, Color and UID are what is written. The UID of an object that is there stays.
	Value, Color, UID string
	// IfUID and IfRevision make it a precondition that the object is the Expected one.
	IfUID, IfRevision bool
	// Expected is what the client saw.
	Expected *Object
	// Suggest has the client tell the storage what it saw, which need not be so any more (cachedExistingObject).
	Suggest bool
	// Revision is the one that a list is to be of.
	Revision uint64
	// Limit is how many objects a page of a list has; 0 is all.
	Limit int64
}

func (r Request) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", r.Kind, r.Key)
	if r.Kind.writes() && r.Kind != Delete {
		fmt.Fprintf(&b, "=%s", r.Value)
	}
	if r.IfUID {
		fmt.Fprintf(&b, " if uid %s", r.Expected.UID)
	}
	if r.IfRevision {
		fmt.Fprintf(&b, " if at %d", r.Expected.Revision)
	}
	if r.Revision != 0 {
		fmt.Fprintf(&b, " %d", r.Revision)
	}
	return b.String()
}

// Outcome is how a request ended.
type Outcome string

const (
	Done Outcome = "done"
	// Missing: there is no such object.
	Missing Outcome = "missing"
	// Exists: there is one already.
	Exists Outcome = "exists"
	// Conflict: the preconditions don't hold.
	Conflict Outcome = "conflict"
	// Expired: the revision is gone.
	Expired Outcome = "expired"
	// Unknown: it failed. A write may have taken place, or may still.
	Unknown Outcome = "unknown"
)

// Response is what a client is told.
type Response struct {
	Outcome Outcome
	// Object is the one that was written, or read.
	Object *Object
	// Before is the one that was replaced, or deleted; nil if there was none.
	Before *Object
	// Objects are those of a list.
	Objects []Object
	// Revision is that of a write, or of a list.
	Revision uint64
	// Error is why the outcome is what it is.
	Error string
}

func (r Response) String() string {
	switch {
	case r.Outcome != Done && r.Revision != 0:
		return fmt.Sprintf("%s, but seen at %d", r.Outcome, r.Revision)
	case r.Outcome != Done:
		return string(r.Outcome)
	case r.Object != nil:
		return r.Object.String()
	}
	return fmt.Sprintf("done at %d", r.Revision)
}

// Operation is a request and its response.
type Operation struct {
	Client, Replica int
	// Call and Return are when, since the history began.
	Call, Return time.Duration
	Request
	Response
}

func (o *Operation) String() string {
	return fmt.Sprintf("%s -> %s (client %d, replica %d, %v to %v)", o.Request, o.Response, o.Client, o.Replica, o.Call, o.Return)
}
