package apiserver

import (
	"net/http"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apiserver/pkg/endpoints/handlers/responsewriters"
	"k8s.io/apiserver/pkg/endpoints/request"
	genericapiserver "k8s.io/apiserver/pkg/server"

	"example.com/annex/shared/registry"
)

// subresource names a subresource of a resource of a group.
type subresource struct{ group, resource, name string }

// longRunning are the subresources whose requests are streams.
func (d Definition) longRunning() sets.Set[subresource] {
	streams := sets.New[subresource]()
	for _, g := range d.Groups {
		for _, r := range g.Resources {
			for _, sub := range registry.SubresourcesOf(r) {
				if sub.LongRunning {
					streams.Insert(subresource{g.Name, r.Name(), sub.Name})
				}
			}
		}
	}
	return streams
}

// longRunning makes streams of the Definition what watches are already: without a deadline, without a seat in priority and
// fairness, audited when they begin as well as when they end, and ended by a shutdown, which waits for them.
func (o *Options) longRunning(c *genericapiserver.Config) {
	streams := o.Definition.longRunning()
	if streams.Len() == 0 {
		return
	}
	isStream := func(info *request.RequestInfo) bool {
		return info.IsResourceRequest && streams.Has(subresource{info.APIGroup, info.Resource, info.Subresource})
	}
	upstream, build := c.LongRunningFunc, c.BuildHandlerChainFunc
	c.LongRunningFunc = func(r *http.Request, info *request.RequestInfo) bool {
		return upstream(r, info) || isStream(info)
	}
	c.BuildHandlerChainFunc = func(handler http.Handler, c *genericapiserver.Config) http.Handler {
		return build(endStreams(handler, c, isStream), c)
	}
}

// endStreams does for streams what WithWatchTerminationDuringShutdown (k8s.io/apiserver/pkg/server/filters) does for watches,
// and for no other verb.
func endStreams(handler http.Handler, c *genericapiserver.Config, isStream func(*request.RequestInfo) bool) http.Handler {
	// A server that is never run must leave nothing behind: what waits for the shutdown begins with the first stream.
	signal := sync.OnceValue(func() shutdownSignal {
		signal := shutdownSignal(make(chan struct{}))
		go func() {
			// Upstream's own signal is not exported. It comes when the delay is over and pre-shutdown hooks are done.
			<-c.ShutdownInitiatedNotify()
			time.Sleep(c.ShutdownDelayDuration)
			close(signal)
		}()
		return signal
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info, ok := request.RequestInfoFrom(r.Context())
		if !ok || !isStream(info) {
			handler.ServeHTTP(w, r)
			return
		}
		if err := c.WatchRequestWaitGroup.Add(1); err != nil {
			gv := schema.GroupVersion{Group: info.APIGroup, Version: info.APIVersion}
			responsewriters.ErrorNegotiated(apierrors.NewTooManyRequests("the server shuts down", 1), c.Serializer, gv, w, r)
			return
		}
		defer c.WatchRequestWaitGroup.Done()
		handler.ServeHTTP(w, r.WithContext(request.WithServerShutdownSignal(r.Context(), signal())))
	})
}

// shutdownSignal is closed when streams are to end.
type shutdownSignal chan struct{}

var _ request.ServerShutdownSignal = shutdownSignal(nil)

// ShuttingDown is closed when streams are to end.
func (s shutdownSignal) ShuttingDown() <-chan struct{} { return s }
