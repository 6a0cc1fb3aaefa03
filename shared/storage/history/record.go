package history

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/watch"
)

const (
	// operationTimeout limits a request of a client, returnTimeout how long a replica may take to come back after a fault,
	// and a witness to see the last write.
	operationTimeout = 5 * time.Second
	returnTimeout    = 30 * time.Second

	// retryInterval is how long is waited before what has failed is tried again.
	retryInterval = 10 * time.Millisecond

	// The streams of random numbers that are not of clients, which have the numbers from 0 on.
	faultStream = 1 << 32
	watchStream = 1 << 33
)

// System is what a history is recorded of: empty, and not used by others.
type System struct {
	// Replicas are what clients talk to.
	Replicas []Replica
	// Witnesses are watched from the beginning to the end: stores without a watch cache, which forgets when it is restarted.
	Witnesses []Replica
	// Faults are what is done to it, at random.
	Faults []Fault
	// Cached says that the replicas have watch caches.
	Cached bool
}

// Fault does something to what a System stands on. When it returns, the System works again, or soon does.
type Fault struct {
	Name string
	Do   func(ctx context.Context) error
}

// Options are what a history is like.
type Options struct {
	// Seed decides what clients do, and what happens to the storage when. Which of them comes first is up to the machine.
	Seed uint64
	// Clients is how many there are, each with so many Operations, one after another. Zero means 6, and 50.
	Clients, Operations int
	// Keys is how many objects they do it to. Zero means 5.
	Keys int
	// Watchers is how many watches of random places and selectors there are at once. Zero means 4.
	Watchers int
	// Faults and Compactions are how many of each there are. Zero means none of faults, and 2 compactions.
	Faults, Compactions int
}

func (o Options) withDefaults() Options {
	for _, d := range []struct {
		value     *int
		otherwise int
	}{{&o.Clients, 6}, {&o.Operations, 50}, {&o.Keys, 5}, {&o.Watchers, 4}, {&o.Compactions, 2}} {
		if *d.value == 0 {
			*d.value = d.otherwise
		}
	}
	return o
}

// Record has clients use a System, and returns what was done and seen. The error says that it did not come to an end, such
// as when a watch did not see the last write; the history is what there is then.
func Record(ctx context.Context, system System, options Options) (*History, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r := &recorder{
		system:    system,
		options:   options.withDefaults(),
		began:     time.Now(),
		history:   &History{Seed: options.Seed, Cached: system.Cached},
		witnessed: make([]uint64, len(system.Witnesses)),
		changed:   make(chan struct{}),
		fail:      cancel,
	}
	err := r.run(ctx)
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	return r.history, err
}

// recorder is a history while it happens.
type recorder struct {
	system  System
	options Options
	began   time.Time
	// first is the revision that everything is after.
	first uint64
	// fail ends it, with a reason.
	fail context.CancelCauseFunc

	lock    sync.Mutex
	history *History
	// last is the highest revision that anybody saw, witnessed where each witness is, completed the number of operations.
	last      uint64
	witnessed []uint64
	completed int
	// changed is closed when one of them changes.
	changed chan struct{}
}

func (r *recorder) now() time.Duration { return time.Since(r.began) }

// update changes what others wait for.
func (r *recorder) update(change func()) {
	r.lock.Lock()
	defer r.lock.Unlock()
	change()
	close(r.changed)
	r.changed = make(chan struct{})
}

// wait waits until a condition holds on what update changes.
func (r *recorder) wait(ctx context.Context, condition func() bool) error {
	for {
		r.lock.Lock()
		holds, changed := condition(), r.changed
		r.lock.Unlock()
		if holds {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (r *recorder) run(ctx context.Context) error {
	begin := r.system.Witnesses[0].Do(ctx, Request{Kind: List})
	if begin.Outcome != Done || len(begin.Objects) > 0 {
		return fmt.Errorf("a history begins with nothing, and there is %+v", begin)
	}
	r.first, r.last = begin.Revision, begin.Revision

	watching, stopWatching := context.WithCancel(ctx)
	defer stopWatching()
	var watchers, clients sync.WaitGroup
	defer watchers.Wait()
	defer stopWatching()
	for i := range r.system.Witnesses {
		r.witnessed[i] = r.first
		watchers.Go(func() { r.witness(watching, i) })
	}
	for i := range r.options.Watchers {
		watchers.Go(func() { r.watchAtRandom(watching, rand.New(rand.NewPCG(r.options.Seed, watchStream+uint64(i)))) })
	}
	for i := range r.options.Clients {
		clients.Go(func() { r.client(ctx, i) })
	}
	clients.Go(func() { r.disturb(ctx) })
	clients.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return r.finish(ctx)
}

// finish reads everything from every replica, and waits until every witness has seen everything.
func (r *recorder) finish(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, returnTimeout, fmt.Errorf("after %v, the witnesses have not seen the last write", returnTimeout))
	defer cancel()
	client := r.options.Clients
	for i := range r.system.Replicas {
		r.operate(ctx, client, i, Request{Kind: List})
	}
	for n := 0; ; n++ {
		value := fmt.Sprintf("%d.%d", client, n)
		response := r.operate(ctx, client, 0, Request{Kind: Upsert, Key: "last", Value: value, UID: value, Color: colors[0]})
		if response.Outcome == Done {
			return r.wait(ctx, func() bool { return r.slowest() >= response.Revision })
		}
		if err := r.answers(ctx, 0); err != nil {
			return err
		}
	}
}

// slowest is the revision that all witnesses have come to.
func (r *recorder) slowest() uint64 {
	least := r.witnessed[0]
	for _, revision := range r.witnessed {
		least = min(least, revision)
	}
	return least
}

// client does one thing after another.
func (r *recorder) client(ctx context.Context, client int) {
	chooser := newChooser(r.options.Seed, client, r.options.Keys)
	for range r.options.Operations {
		r.lock.Lock()
		first, last := r.first, r.last
		r.lock.Unlock()
		request, replica := chooser.next(len(r.system.Replicas), first, last)
		response := r.operate(ctx, client, replica, request)
		chooser.see(response)
		if response.Outcome == Unknown {
			if err := r.answers(ctx, replica); err != nil {
				r.fail(err)
				return
			}
		}
	}
}

// operate makes a request, and records it.
func (r *recorder) operate(ctx context.Context, client, replica int, request Request) Response {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	call := r.now()
	response := r.system.Replicas[replica].Do(ctx, request)
	returned := r.now()
	r.update(func() {
		r.completed++
		r.history.Operations = append(r.history.Operations, Operation{
			Client: client, Replica: replica, Call: call, Return: returned, Request: request, Response: response,
		})
		r.last = max(r.last, response.Revision)
	})
	return response
}

// answers waits until a replica answers again, as clients do that back off: a request that fails at once would else be
// followed by many.
func (r *recorder) answers(ctx context.Context, replica int) error {
	ctx, cancel := context.WithTimeoutCause(ctx, returnTimeout, fmt.Errorf("after %v, replica %d does not answer", returnTimeout, replica))
	defer cancel()
	for {
		trying, cancel := context.WithTimeout(ctx, operationTimeout)
		response := r.system.Replicas[replica].Do(trying, Request{Kind: Get, Key: "last"})
		cancel()
		if response.Outcome != Unknown {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %s", context.Cause(ctx), response.Error)
		case <-time.After(retryInterval):
		}
	}
}

// disturb compacts, and does what else is to be done to the storage, at random moments.
func (r *recorder) disturb(ctx context.Context) {
	random := rand.New(rand.NewPCG(r.options.Seed, faultStream))
	total := r.options.Clients * r.options.Operations
	incidents := r.options.Faults + r.options.Compactions
	// So many parts, and in each an incident.
	compactions := map[int]bool{}
	for _, i := range random.Perm(incidents)[:r.options.Compactions] {
		compactions[i] = true
	}
	for i := range incidents {
		moment := (i*total + random.IntN(total)) / incidents
		choice, depth := random.IntN(max(1, len(r.system.Faults))), random.Float64()
		if err := r.wait(ctx, func() bool { return r.completed >= moment }); err != nil {
			return
		}
		var err error
		if compactions[i] {
			err = r.compact(ctx, depth)
		} else {
			fault := r.system.Faults[choice]
			began := r.now()
			if err = fault.Do(ctx); err != nil {
				err = fmt.Errorf("%s: %w", fault.Name, err)
			}
			r.incident(Incident{What: fault.Name, Began: began, Ended: r.now()})
		}
		if err != nil {
			r.fail(err)
			return
		}
	}
}

func (r *recorder) incident(i Incident) {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.history.Incidents = append(r.history.Incidents, i)
}

// compact has the past forgotten, not beyond what all witnesses have seen: they have to see everything.
func (r *recorder) compact(ctx context.Context, depth float64) error {
	r.lock.Lock()
	slowest := r.slowest()
	r.lock.Unlock()
	revision := r.first + uint64(depth*float64(slowest-r.first))
	began := r.now()
	// Before, because it may have effect before it is known to.
	r.incident(Incident{What: "compaction", Revision: revision, Began: began})
	ctx, cancel := context.WithTimeout(ctx, returnTimeout)
	defer cancel()
	for {
		err := r.system.Witnesses[0].Compact(ctx, revision)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("compacting up to %d: %w", revision, errors.Join(err, ctx.Err()))
		case <-time.After(retryInterval):
		}
	}
}

// witness watches everything, from the beginning to the end: where a watch ends, the next one goes on.
func (r *recorder) witness(ctx context.Context, witness int) {
	for ctx.Err() == nil {
		r.lock.Lock()
		request := WatchRequest{Revision: r.witnessed[witness]}
		r.lock.Unlock()
		r.watch(ctx, r.system.Witnesses[witness], witness, request, func(e *Event) bool {
			if e.Expired {
				r.fail(fmt.Errorf("a witness that has come to %d is told: %s", r.witnessed[witness], e.Error))
			}
			r.witnessed[witness] = max(r.witnessed[witness], e.Revision)
			return true
		})
	}
}

// watchAtRandom watches this and that, from here and there, for a while.
func (r *recorder) watchAtRandom(ctx context.Context, random *rand.Rand) {
	for ctx.Err() == nil {
		replica, length := random.IntN(len(r.system.Replicas)), 1+random.IntN(40)
		how, past := random.IntN(3), random.Float64()
		ofKey, key, ofColor, color := random.IntN(5) == 0, random.IntN(r.options.Keys), random.IntN(3) == 0, random.IntN(len(colors))
		r.lock.Lock()
		request := WatchRequest{Revision: r.last}
		switch how {
		case 0:
			request = WatchRequest{Initial: true}
		case 1:
			request.Revision = r.first + uint64(past*float64(r.last-r.first))
		}
		r.lock.Unlock()
		if ofKey {
			request.Key = fmt.Sprintf("object-%d", key)
		}
		if ofColor {
			request.Color = colors[color]
		}
		events := 0
		r.watch(ctx, r.system.Replicas[replica], replica, request, func(*Event) bool {
			events++
			return events < length
		})
	}
}

// watch records a watch until see, which has the lock, says that it is enough, or it ends.
func (r *recorder) watch(ctx context.Context, replica Replica, number int, request WatchRequest, see func(*Event) bool) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w := Watch{Replica: number, Began: r.now(), WatchRequest: request}
	events, err := replica.Watch(ctx, request)
	if err != nil {
		select {
		case <-ctx.Done():
		case <-time.After(retryInterval):
		}
		return
	}
	defer func() {
		r.lock.Lock()
		defer r.lock.Unlock()
		r.history.Watches = append(r.history.Watches, w)
	}()
	for e := range events {
		e.Received = r.now()
		w.Events = append(w.Events, e)
		goOn := true
		r.update(func() {
			r.last = max(r.last, e.Revision)
			goOn = see(&w.Events[len(w.Events)-1])
		})
		if !goOn || e.Type == watch.Error {
			return
		}
	}
}
