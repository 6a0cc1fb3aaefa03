package history

import "fmt"

// register is an object as the model of linearizability has it.
type register struct {
	exists     bool
	value, uid string
	// revision is that of the last write; 0 if it is not known, as nobody was told.
	revision uint64
	// floor is the highest revision that is known: the next write has a higher one.
	floor uint64
}

func (r register) String() string {
	if !r.exists {
		return fmt.Sprintf("nothing, after %d", r.floor)
	}
	return fmt.Sprintf("%s at %d", r.value, r.revision)
}

// shows says whether the register can be what was read; it knows the revision then.
func (r register) shows(o *Object) (bool, register) {
	if o == nil {
		return !r.exists, r
	}
	if !r.exists || r.value != o.Value || r.uid != o.UID {
		return false, r
	}
	if r.revision != o.Revision && (r.revision != 0 || o.Revision <= r.floor) {
		return false, r
	}
	r.revision, r.floor = o.Revision, o.Revision
	return true, r
}

// meets says whether the preconditions hold. Values are another for each write: so they stand for revisions, which need
// not be known.
func (r register) meets(request Request) bool {
	return r.exists && (!request.IfUID || r.uid == request.Expected.UID) && (!request.IfRevision || r.value == request.Expected.Value)
}

// written is the register after a write at a revision, which is 0 if it is not known.
func (r register) written(request Request, revision uint64) (bool, register) {
	if revision != 0 && revision <= r.floor {
		return false, r
	}
	next := register{exists: request.Kind != Delete, revision: revision, floor: max(r.floor, revision)}
	if next.exists {
		next.value, next.uid = request.Value, request.UID
		if r.exists {
			next.uid = r.uid
		}
	}
	return true, next
}

// step says whether the register answers a request so, and what it is then.
func (r register) step(request Request, response Response) (bool, register) {
	switch response.Outcome {
	case Missing:
		return !r.exists, r
	case Exists:
		return r.exists, r
	case Conflict:
		return r.exists && !r.meets(request), r
	case Unknown:
		return r.perhaps(request, response.Revision)
	}
	switch request.Kind {
	case Get, Touch:
		return r.shows(response.Object)
	case Create:
		if r.exists || !created(request, response.Object) {
			return false, r
		}
		return r.written(request, response.Revision)
	}
	// What is written takes the place of what the writer saw.
	ok, r := r.shows(response.Before)
	if !ok || request.Kind != Upsert && !r.meets(request) {
		return false, r
	}
	ok, next := r.written(request, response.Revision)
	if ok && request.Kind != Delete {
		ok, _ = next.shows(response.Object)
	}
	return ok, next
}

func created(request Request, o *Object) bool {
	return o.Value == request.Value && o.UID == request.UID
}

// perhaps is the step of a write of which nobody was told whether it took place. Where it can't, nothing happens; one that
// never did is the last of all. With a revision, it did.
func (r register) perhaps(request Request, revision uint64) (bool, register) {
	can := true
	switch request.Kind {
	case Create:
		can = !r.exists
	case Update, Delete:
		can = r.meets(request)
	}
	if !can {
		return revision == 0, r
	}
	return r.written(request, revision)
}
