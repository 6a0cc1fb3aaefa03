package history

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"time"

	"k8s.io/apimachinery/pkg/watch"
)

// Compare has one client do the same at random on two storages that are empty, one thing after another, and fails at the
// first answer, or event of a watch, that is not the same: resourceVersions, and what is gone after a compaction, included.
// A compaction takes as many revisions in the one as in the other. Of the options, Seed, Operations and Keys matter.
func Compare(ctx context.Context, one, other Replica, options Options) error {
	options = options.withDefaults()
	random := rand.New(rand.NewPCG(options.Seed, faultStream))
	chooser := newChooser(options.Seed, 0, options.Keys)
	h := &History{Seed: options.Seed}
	both := func(request Request) (Response, error) {
		got, want := one.Do(ctx, request), other.Do(ctx, request)
		if got.Outcome == Unknown || want.Outcome == Unknown {
			return got, fmt.Errorf("%s fails: %q and %q", request, got.Error, want.Error)
		}
		h.Operations = append(h.Operations, Operation{Request: request, Response: got})
		// The words of errors are each storage's own.
		got.Error, want.Error = "", ""
		if !reflect.DeepEqual(got, want) {
			return got, fmt.Errorf("after %d operations, %s gives %+v, and not %+v", len(h.Operations)-1, request, got, want)
		}
		return got, nil
	}
	begin, err := both(Request{Kind: List})
	if err != nil {
		return err
	}
	first, last, compacted := begin.Revision, begin.Revision, uint64(0)
	for i := range options.Operations {
		request, _ := chooser.next(1, first, last)
		response, err := both(request)
		if err != nil {
			return err
		}
		chooser.see(response)
		last = max(last, response.Revision)
		if i == options.Operations/2 {
			compacted = first + uint64(random.Float64()*float64(last-first))
			for _, replica := range []Replica{one, other} {
				if err := replica.Compact(ctx, compacted); err != nil {
					return fmt.Errorf("compacting up to %d: %w", compacted, err)
				}
			}
		}
	}
	log, err := newLog(h)
	if err != nil {
		return err
	}
	requests := []WatchRequest{{Revision: compacted}, {Initial: true}, {Revision: first}}
	for _, color := range colors {
		past := compacted + uint64(random.Float64()*float64(last-compacted))
		requests = append(requests, WatchRequest{Revision: compacted, Color: color}, WatchRequest{Revision: past, Color: color},
			WatchRequest{Initial: true, Color: color}, WatchRequest{Revision: past, Key: fmt.Sprintf("object-%d", random.IntN(options.Keys))})
	}
	for _, request := range requests {
		// So many events are to come: more would show as another in the place of one of them.
		count := len(log.events(request, request.Revision, last))
		got, err := events(ctx, one, request, count)
		if err != nil {
			return err
		}
		want, err := events(ctx, other, request, count)
		if err != nil {
			return err
		}
		if !reflect.DeepEqual(got, want) {
			return fmt.Errorf("a watch (%+v) has %+v, and not %+v", request, got, want)
		}
	}
	return nil
}

// events are so many of a watch, without the bookmarks, which come at each storage's own time; or all up to the end of those
// of what there is; or an error.
func events(ctx context.Context, replica Replica, request WatchRequest, count int) (events []Event, err error) {
	ctx, cancel := context.WithTimeout(ctx, returnTimeout)
	defer cancel()
	if count == 0 && !request.Initial {
		return nil, nil
	}
	channel, err := replica.Watch(ctx, request)
	if err != nil {
		return nil, fmt.Errorf("watching: %w", err)
	}
	for e := range channel {
		e.Received = time.Duration(0)
		switch {
		case e.Type == watch.Error:
			e.Error = ""
			return append(events, e), nil
		case e.InitialEnd:
			return append(events, e), nil
		case e.Type != watch.Bookmark:
			events = append(events, e)
		}
		if !request.Initial && len(events) == count {
			return events, nil
		}
	}
	return nil, fmt.Errorf("a watch (%+v) has %+v, and then no more: %w", request, events, context.Cause(ctx))
}
