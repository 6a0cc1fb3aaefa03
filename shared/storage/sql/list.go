package sql

import (
	"context"
	"fmt"
	"reflect"

	"time"

	"go.opentelemetry.io/otel/attribute"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/conversion"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/features"
	"k8s.io/apiserver/pkg/storage"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
)

// maxPage is up to what a page grows while a selector leaves objects out: upstream's limit (etcd3/store.go).
const maxPage = 10000

// GetList lists the objects under a key at one revision: the newest, or the one that opts or the continue token ask for.
func (s *Store) GetList(ctx context.Context, key string, opts storage.ListOptions, listObj runtime.Object) error {
	prefix, err := s.key(key, opts.Recursive)
	if err != nil {
		return err
	}
	ctx, done := s.trace(ctx, "List", prefix,
		attribute.String("resourceVersion", opts.ResourceVersion),
		attribute.String("resourceVersionMatch", string(opts.ResourceVersionMatch)),
		attribute.Int64("limit", opts.Predicate.Limit),
		attribute.String("continue", opts.Predicate.Continue))
	defer done()

	items, err := newListItems(s, listObj, opts.Predicate)
	if err != nil {
		return fmt.Errorf("listing %s: %w", prefix, err)
	}
	revision, from, err := storage.ValidateListOptions(prefix, s.versioner, opts)
	if err != nil {
		return err
	}
	limit := opts.Predicate.Limit
	next := span{prefix: prefix, exact: !opts.Recursive, from: from, revision: revision, limit: limit, count: opts.Predicate.Empty()}
	var page records
	more, last := false, ""
	for {
		page, err = s.readPage(ctx, next, from != "")
		if err != nil {
			return err
		}
		if next.revision == 0 {
			if err := s.checkNotOlder(opts.ResourceVersion, page.revision); err != nil {
				return err
			}
			next.revision = page.revision
		}
		more = page.more
		for i := range page.records {
			if limit > 0 && int64(items.len()) == limit {
				more = true
				break
			}
			last = page.records[i].key
			if err := items.add(ctx, &page.records[i]); err != nil {
				return err
			}
			// A list may take seconds to decode.
			page.records[i].value = nil
		}
		if !page.more || int64(items.len()) == limit {
			break
		}
		// The selector has left some out: look further on, with more at a time.
		next.from = last + "\x00"
		next.limit = min(2*next.limit, maxPage)
	}
	token, remaining, err := storage.PrepareContinueToken(last, prefix, next.revision, page.count, more, opts)
	if err != nil {
		return err
	}
	return items.finish(next.revision, token, remaining)
}

// readPage reads a span for a list. continued says that it began with a continue token.
func (s *Store) readPage(ctx context.Context, page span, continued bool) (records, error) {
	if s.config.ObserveRead != nil && !page.exact {
		s.config.ObserveRead(ctx, max(page.from, page.prefix), page.revision, page.limit)
	}
	start := time.Now()
	result, err := s.db.read(ctx, page)
	if err != nil {
		err = listError(err, page, continued)
	}
	if err := s.observe(ctx, "list", start, err); err != nil {
		return records{}, err
	}
	return result, nil
}

// listItems are the objects of a list, while they are read.
type listItems struct {
	store     *Store
	list      runtime.Object
	items     reflect.Value
	predicate storage.SelectionPredicate
	empty     func() runtime.Object
	errors    listErrors
}

func newListItems(s *Store, list runtime.Object, predicate storage.SelectionPredicate) (*listItems, error) {
	pointer, err := meta.GetItemsPtr(list)
	if err != nil {
		return nil, err
	}
	items, err := conversion.EnforcePtr(pointer)
	if err != nil {
		return nil, err
	}
	if items.Kind() != reflect.Slice {
		return nil, fmt.Errorf("the items of %T are no slice", list)
	}
	l := &listItems{store: s, list: list, items: items, predicate: predicate, errors: newListErrors()}
	l.empty = func() runtime.Object { return reflect.New(items.Type().Elem()).Interface().(runtime.Object) }
	if u, ok := list.(*unstructured.UnstructuredList); ok && u.GetAPIVersion() != "" {
		// The decoder converts to the version that the object says.
		l.empty = func() runtime.Object {
			return &unstructured.Unstructured{Object: map[string]any{"apiVersion": u.GetAPIVersion()}}
		}
	}
	return l, nil
}

func (l *listItems) len() int { return l.items.Len() }

// add decodes a record, and appends the object if it is selected. An error ends the list.
func (l *listItems) add(ctx context.Context, r *record) error {
	data, _, err := l.store.fromStorage(ctx, r.key, r.value)
	if err != nil {
		return l.errors.add(r.key, storage.NewInternalError(fmt.Errorf("unable to transform key %q: %w", r.key, err)))
	}
	if ctx.Err() != nil {
		return storage.NewTimeoutError(r.key, "request did not complete within requested timeout")
	}
	obj, err := l.store.decodeNew(ctx, data, l.empty(), r.rev)
	if err != nil {
		return l.errors.add(r.key, err)
	}
	if matches, err := l.predicate.Matches(obj); err == nil && matches {
		l.items.Set(reflect.Append(l.items, reflect.ValueOf(obj).Elem()))
	}
	return nil
}

// finish fails if there were objects that could not be read, and fills in the list's own fields.
func (l *listItems) finish(revision int64, token string, remaining *int64) error {
	if err := l.errors.result(); err != nil {
		return err
	}
	if l.items.IsNil() {
		// Items are never null in JSON.
		l.items.Set(reflect.MakeSlice(l.items.Type(), 0, 0))
	}
	if err := l.store.versioner.UpdateList(l.list, uint64(revision), token, remaining); err != nil {
		return err
	}
	if utilfeature.DefaultFeatureGate.Enabled(features.ShardedListAndWatch) {
		l.predicate.SetShardInfoOnList(l.list)
	}
	return nil
}
