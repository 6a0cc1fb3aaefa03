package history

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/apiserver/pkg/apis/example"
	"k8s.io/apiserver/pkg/storage"
)

// Replica is what clients talk to: one of several on the same data, such as one of a server's.
type Replica interface {
	// Do answers a request. Not to be able to is an answer, too.
	Do(ctx context.Context, request Request) Response
	// Watch begins a watch, which goes on until ctx is done or the channel is closed.
	Watch(ctx context.Context, request WatchRequest) (<-chan Event, error)
	// Compact has the storage forget the past up to a revision.
	Compact(ctx context.Context, revision uint64) error
}

// NewReplica is a store in this process, of storagetest's resource.
func NewReplica(store storage.Interface, compact func(ctx context.Context, revision int64) error) Replica {
	return &replica{store: store, compact: compact}
}

type replica struct {
	store   storage.Interface
	compact func(context.Context, int64) error
}

func (r *replica) Compact(ctx context.Context, revision uint64) error {
	return r.compact(ctx, int64(revision))
}

func (r *replica) Do(ctx context.Context, request Request) Response {
	response, err := r.do(ctx, request)
	if err != nil {
		// Of what failed, it only says how far a list has come.
		return Response{Outcome: outcomeOf(err), Revision: response.Revision, Error: err.Error()}
	}
	response.Outcome = Done
	return response
}

func outcomeOf(err error) Outcome {
	switch {
	case storage.IsNotFound(err):
		return Missing
	case storage.IsExist(err):
		return Exists
	case storage.IsInvalidObj(err):
		return Conflict
	case apierrors.IsResourceExpired(err):
		return Expired
	}
	return Unknown
}

func (r *replica) do(ctx context.Context, request Request) (Response, error) {
	switch request.Kind {
	case Create:
		return r.create(ctx, request)
	case Update, Upsert, Touch:
		return r.update(ctx, request)
	case Delete:
		return r.delete(ctx, request)
	case Get:
		pod := &example.Pod{}
		if err := r.store.Get(ctx, path(request.Key), storage.GetOptions{}, pod); err != nil {
			return Response{}, err
		}
		o, err := objectOf(pod)
		return Response{Object: &o}, err
	case List, ListAt:
		return r.list(ctx, request)
	}
	return Response{}, fmt.Errorf("there is no request %q", request.Kind)
}

func (r *replica) create(ctx context.Context, request Request) (Response, error) {
	o := Object{Key: request.Key, UID: request.UID, Value: request.Value, Color: request.Color}
	created := &example.Pod{}
	if err := r.store.Create(ctx, path(request.Key), o.pod(), created, 0); err != nil {
		return Response{}, err
	}
	o, err := objectOf(created)
	return Response{Object: &o, Revision: o.Revision}, err
}

func (r *replica) update(ctx context.Context, request Request) (Response, error) {
	var response Response
	updated := &example.Pod{}
	err := r.store.GuaranteedUpdate(ctx, path(request.Key), updated, request.Kind == Upsert, preconditions(request),
		storage.SimpleUpdate(func(obj runtime.Object) (runtime.Object, error) {
			pod := obj.(*example.Pod).DeepCopy()
			response.Before = nil
			if pod.Name != "" {
				before, err := objectOf(pod)
				if err != nil {
					return nil, err
				}
				response.Before = &before
			}
			if request.Kind == Touch {
				return pod, nil
			}
			o := Object{Key: request.Key, UID: request.UID, Value: request.Value, Color: request.Color}
			if response.Before != nil {
				o.UID = response.Before.UID
			}
			next := o.pod()
			next.ResourceVersion = pod.ResourceVersion
			return next, nil
		}), suggestion(request))
	if err != nil {
		return Response{}, err
	}
	o, err := objectOf(updated)
	response.Object, response.Revision = &o, o.Revision
	return response, err
}

func (r *replica) delete(ctx context.Context, request Request) (Response, error) {
	deleted := &example.Pod{}
	var before Object
	err := r.store.Delete(ctx, path(request.Key), deleted, preconditions(request), func(_ context.Context, obj runtime.Object) (err error) {
		before, err = objectOf(obj)
		return err
	}, suggestion(request), storage.DeleteOptions{})
	if err != nil {
		return Response{}, err
	}
	o, err := objectOf(deleted)
	if err == nil && !o.is(before) {
		err = fmt.Errorf("%s was asked about, and %s was deleted", &before, &o)
	}
	return Response{Before: &before, Revision: o.Revision}, err
}

func (r *replica) list(ctx context.Context, request Request) (response Response, err error) {
	opts := storage.ListOptions{Predicate: predicate(""), Recursive: true}
	opts.Predicate.Limit = request.Limit
	if request.Kind == ListAt {
		opts.ResourceVersion, opts.ResourceVersionMatch = fmt.Sprint(request.Revision), metav1.ResourceVersionMatchExact
	}
	for {
		page := &example.PodList{}
		if err := r.store.GetList(ctx, "/pods/", opts, page); err != nil {
			return response, err
		}
		revision, err := storage.APIObjectVersioner{}.ParseResourceVersion(page.ResourceVersion)
		if err != nil {
			return response, err
		}
		if response.Revision != 0 && response.Revision != revision {
			return response, fmt.Errorf("a list has pages of the revisions %d and %d", response.Revision, revision)
		}
		response.Revision = revision
		for i := range page.Items {
			o, err := objectOf(&page.Items[i])
			if err != nil {
				return response, err
			}
			response.Objects = append(response.Objects, o)
		}
		if page.Continue == "" {
			return response, nil
		}
		opts.Predicate.Continue, opts.ResourceVersion, opts.ResourceVersionMatch = page.Continue, "", ""
	}
}

func preconditions(request Request) *storage.Preconditions {
	if !request.IfUID && !request.IfRevision {
		return nil
	}
	result := &storage.Preconditions{}
	if request.IfUID {
		uid := types.UID(request.Expected.UID)
		result.UID = &uid
	}
	if request.IfRevision {
		revision := fmt.Sprint(request.Expected.Revision)
		result.ResourceVersion = &revision
	}
	return result
}

func suggestion(request Request) runtime.Object {
	if !request.Suggest || request.Expected == nil {
		return nil
	}
	return request.Expected.pod()
}

// predicate selects the objects of a color; all if it is empty.
func predicate(color string) storage.SelectionPredicate {
	result := storage.SelectionPredicate{
		Label:               labels.Everything(),
		Field:               fields.Everything(),
		AllowWatchBookmarks: true,
		GetAttrs: func(obj runtime.Object) (labels.Set, fields.Set, error) {
			return obj.(*example.Pod).Labels, nil, nil
		},
	}
	if color != "" {
		result.Label = labels.SelectorFromSet(labels.Set{colorLabel: color})
	}
	return result
}

func (r *replica) Watch(ctx context.Context, request WatchRequest) (<-chan Event, error) {
	opts := storage.ListOptions{Predicate: predicate(request.Color), Recursive: request.Key == "", ProgressNotify: true}
	if request.Initial {
		initial := true
		opts.SendInitialEvents, opts.ResourceVersionMatch = &initial, metav1.ResourceVersionMatchNotOlderThan
	} else {
		opts.ResourceVersion = fmt.Sprint(request.Revision)
	}
	key := "/pods/"
	if request.Key != "" {
		key = path(request.Key)
	}
	from, err := r.store.Watch(ctx, key, opts)
	if apierrors.IsResourceExpired(err) {
		events := make(chan Event, 1)
		events <- Event{Type: watch.Error, Expired: true, Error: err.Error()}
		close(events)
		return events, nil
	}
	if err != nil {
		return nil, err
	}
	events := make(chan Event)
	go func() {
		defer close(events)
		defer from.Stop()
		for {
			select {
			case e, open := <-from.ResultChan():
				if !open {
					return
				}
				select {
				case events <- eventOf(e):
				case <-ctx.Done():
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return events, nil
}

func eventOf(e watch.Event) Event {
	result := Event{Type: e.Type}
	var err error
	switch status, isStatus := e.Object.(*metav1.Status); {
	case isStatus:
		result.Error = status.Message
		result.Expired, result.Unavailable = status.Reason == metav1.StatusReasonExpired, status.Reason == metav1.StatusReasonServiceUnavailable
	case e.Type == watch.Error:
		err = fmt.Errorf("%v", e.Object)
	default:
		obj := e.Object
		// A watch cache's objects are the cache's own, encoded once for all.
		if wrapped, ok := obj.(interface{ GetObject() runtime.Object }); ok {
			obj = wrapped.GetObject()
		}
		if result.Object, err = objectOf(obj); err == nil && e.Type == watch.Bookmark {
			result.InitialEnd, err = storage.HasInitialEventsEndBookmarkAnnotation(obj)
		}
	}
	if err != nil {
		return Event{Type: watch.Error, Error: errors.Join(fmt.Errorf("reading an event %s", e.Type), err).Error()}
	}
	return result
}
