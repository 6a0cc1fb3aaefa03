package registry

import (
	"context"
	"fmt"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metainternalversion "k8s.io/apimachinery/pkg/apis/meta/internalversion"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/endpoints/request"
	genericregistry "k8s.io/apiserver/pkg/registry/generic/registry"
	"k8s.io/apiserver/pkg/registry/rest"
)

// logStore serves get of the log subresource as pods/log is served: a getter with options that returns a stream. So it takes the
// verb get, and stands in discovery and, with its query parameters, in OpenAPI. A rest.Connecter would run admission with the verb
// connect, be missing in discovery, and do all of the streaming by itself.
type logStore[T Object] struct {
	Log[T]
	store *genericregistry.Store
	// options is the kind of the query parameters.
	options schema.GroupKind
}

var (
	_ rest.GetterWithOptions = &logStore[Object]{}
	_ rest.StorageMetadata   = &logStore[Object]{}
)

func newLogStore[T Object](log Log[T], store *genericregistry.Store, scheme *runtime.Scheme) (*logStore[T], error) {
	kinds, _, err := scheme.ObjectKinds(log.NewOptions())
	if err != nil {
		return nil, fmt.Errorf("looking up the kind of %T, the options of its log, in the scheme: %w; does the group's Install add it?", log.NewOptions(), err)
	}
	return &logStore[T]{Log: log, store: store, options: kinds[0].GroupKind()}, nil
}

// New returns an empty object of the resource: discovery shows its kind, as it shows Pod for pods/log.
func (s *logStore[T]) New() runtime.Object { return s.store.New() }

// Destroy does nothing: the storage belongs to the resource, which destroys it.
func (s *logStore[T]) Destroy() {}

// NewGetOptions returns empty query parameters. There is no path below the subresource.
func (s *logStore[T]) NewGetOptions() (runtime.Object, bool, string) {
	return s.Log.NewOptions(), false, ""
}

// ProducesMIMETypes is for OpenAPI.
func (s *logStore[T]) ProducesMIMETypes(string) []string { return []string{logContentType} }

// ProducesObject is for OpenAPI: a string.
func (s *logStore[T]) ProducesObject(string) any { return "" }

// OverrideMetricsVerb keeps streams out of the latency of reads, as with pods/log.
func (s *logStore[T]) OverrideMetricsVerb(verb string) string {
	if verb == http.MethodGet {
		return "CONNECT"
	}
	return verb
}

// Get opens the log of an object. The stream ends with ctx at the latest.
func (s *logStore[T]) Get(ctx context.Context, name string, parameters runtime.Object) (runtime.Object, error) {
	options := s.Log.Options(parameters)
	if errs := options.validate(); len(errs) > 0 {
		return nil, apierrors.NewInvalid(s.options, name, errs)
	}
	// A list, not a get: the version of the list is one to watch from, that of an old object may be compacted.
	selector := fields.OneTermEqualSelector("metadata.name", name)
	list, err := s.store.List(ctx, &metainternalversion.ListOptions{FieldSelector: selector})
	if err != nil {
		return nil, err
	}
	items, err := meta.ExtractList(list)
	if err != nil {
		return nil, apierrors.NewInternalError(fmt.Errorf("reading the log of %s: %w", name, err))
	}
	if len(items) == 0 {
		return nil, apierrors.NewNotFound(s.store.DefaultQualifiedResource, name)
	}
	object, ok := items[0].(T)
	if !ok {
		return nil, apierrors.NewInternalError(fmt.Errorf("reading the log of %s: its list has a %T", name, items[0]))
	}
	stream := newLogStream(s.Log, options, object)
	if !options.Follow {
		return stream, nil
	}
	listed, err := meta.ListAccessor(list)
	if err != nil {
		return nil, apierrors.NewInternalError(fmt.Errorf("following %s: %w", name, err))
	}
	watcher, err := s.store.Watch(ctx, &metainternalversion.ListOptions{FieldSelector: selector, ResourceVersion: listed.GetResourceVersion()})
	if err != nil {
		return nil, err
	}
	stream.watcher, stream.done = watcher, ctx.Done()
	if signal := request.ServerShutdownSignalFrom(ctx); signal != nil {
		stream.shuttingDown = signal.ShuttingDown()
	}
	return stream, nil
}
