package history

import (
	"fmt"
	"math/rand/v2"
)

// colors are what objects have.
var colors = []string{"red", "blue"}

// chooser decides what a client does: the seed alone says what, and what the client has seen, with which preconditions.
type chooser struct {
	random *rand.Rand
	client int
	keys   int
	count  int
	// seen is what each object was when the client last saw it.
	seen map[string]Object
}

func newChooser(seed uint64, client, keys int) *chooser {
	return &chooser{random: rand.New(rand.NewPCG(seed, uint64(client))), client: client, keys: keys, seen: map[string]Object{}}
}

// kinds are what clients do, as often as it is here.
var kinds = weighted(map[Kind]int{Create: 15, Update: 27, Upsert: 10, Touch: 5, Delete: 12, Get: 16, List: 10, ListAt: 5})

func weighted(weights map[Kind]int) (kinds []Kind) {
	// In one order: maps have none.
	for _, kind := range []Kind{Create, Update, Upsert, Touch, Delete, Get, List, ListAt} {
		for range weights[kind] {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// next is what to do, and which of the replicas to ask. Of revisions in the past there are those between two.
func (c *chooser) next(replicas int, first, last uint64) (Request, int) {
	c.count++
	// All is drawn, whether it is needed or not: so that answers have no say in what comes later.
	kind := kinds[c.random.IntN(len(kinds))]
	key := fmt.Sprintf("object-%d", c.random.IntN(c.keys))
	color := colors[c.random.IntN(len(colors))]
	ifUID, ifRevision, suggest := c.random.IntN(4) == 0, c.random.IntN(3) == 0, c.random.IntN(3) == 0
	limit, past, replica := c.random.IntN(4), c.random.Float64(), c.random.IntN(replicas)

	value := fmt.Sprintf("%d.%d", c.client, c.count)
	request := Request{Kind: kind, Key: key}
	if o, seen := c.seen[key]; seen {
		request.Expected = &o
	}
	switch kind {
	case Create, Upsert:
		request.Value, request.Color, request.UID = value, color, value
	case Update:
		request.Value, request.Color = value, color
	case List, ListAt:
		request.Key, request.Expected = "", nil
		request.Limit = int64(limit)
		if kind == ListAt {
			request.Revision = first + uint64(past*float64(last-first))
		}
	}
	if request.Expected != nil && (kind == Update || kind == Delete) {
		request.IfUID, request.IfRevision = ifUID, ifRevision
	}
	if request.Expected != nil && (kind == Update || kind == Upsert || kind == Touch || kind == Delete) {
		request.Suggest = suggest
	} else if !request.IfUID && !request.IfRevision {
		request.Expected = nil
	}
	return request, replica
}

// see takes note of an answer.
func (c *chooser) see(r Response) {
	if r.Outcome != Done {
		return
	}
	if r.Object != nil {
		c.seen[r.Object.Key] = *r.Object
	}
	for _, o := range r.Objects {
		c.seen[o.Key] = o
	}
}
