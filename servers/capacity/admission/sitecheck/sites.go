package sitecheck

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	"example.com/annex/servers/client/clientset/versioned"
	typed "example.com/annex/servers/client/clientset/versioned/typed/topology/v1"
	informers "example.com/annex/servers/client/informers/externalversions/topology/v1"
	listers "example.com/annex/servers/client/listers/topology/v1"
	topologyv1 "example.com/annex/servers/topology/apis/topology/v1"
)

// liveTimeout is how long a live read may take. A server that answers does so in milliseconds; whoever creates a Reservation
// should not wait for one that does not.
const liveTimeout = 2 * time.Second

// Live reads are few: of sites that the informer does not have, or that lack something. Many at once are still let through, so
// that a client that asks for one unknown site after another does not make the others wait; kube-apiserver limits them.
const (
	liveQPS   = 50
	liveBurst = 100
)

// sites are the Sites of topology.example.com.
type sites interface {
	// cached returns a Site that is known, and was so a moment ago.
	cached(name string) (*topologyv1.Site, bool)
	// live asks for a Site; it is nil where there is none. An error says that nobody can tell.
	live(ctx context.Context, name string) (*topologyv1.Site, error)
	// run keeps cached in step until ctx ends.
	run(ctx context.Context)
}

// informed reads sites through kube-apiserver, with an informer.
type informed struct {
	client   typed.SiteInterface
	informer cache.SharedIndexInformer
	lister   listers.SiteLister
	// lost is the resourceVersion that the informer had when it last lost touch, or nil.
	lost atomic.Pointer[string]
}

func newInformed(config *rest.Config) (*informed, error) {
	config.QPS, config.Burst = liveQPS, liveBurst
	clients, err := versioned.NewForConfig(rest.AddUserAgent(config, Name))
	if err != nil {
		return nil, fmt.Errorf("making a client of %s: %w", topologyv1.GroupName, err)
	}
	s := &informed{
		client:   clients.TopologyV1().Sites(),
		informer: informers.NewSiteInformer(clients, 0, cache.Indexers{}),
	}
	s.lister = listers.NewSiteLister(s.informer.GetIndexer())
	err = s.informer.SetWatchErrorHandlerWithContext(func(ctx context.Context, r *cache.Reflector, err error) {
		at := s.informer.LastSyncResourceVersion()
		s.lost.Store(&at)
		cache.DefaultWatchErrorHandler(ctx, r, err)
	})
	if err != nil {
		return nil, fmt.Errorf("making an informer of sites: %w", err)
	}
	return s, nil
}

func (s *informed) run(ctx context.Context) { s.informer.RunWithContext(ctx) }

// cached returns nothing while the informer is out of touch: until it has listed for the first time, and, after an error, until it
// has heard of something newer. Till then sites are read live, or not at all.
func (s *informed) cached(name string) (*topologyv1.Site, bool) {
	if lost := s.lost.Load(); !s.informer.HasSynced() || lost != nil && *lost == s.informer.LastSyncResourceVersion() {
		return nil, false
	}
	site, err := s.lister.Get(name)
	return site, err == nil
}

func (s *informed) live(ctx context.Context, name string) (*topologyv1.Site, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, liveTimeout, fmt.Errorf("no answer within %s", liveTimeout))
	defer cancel()
	site, err := s.client.Get(ctx, name, metav1.GetOptions{})
	switch {
	case err == nil:
		return site, nil
	case apierrors.IsNotFound(err) && apierrors.HasStatusCause(err, metav1.CauseTypeUnexpectedServerResponse):
		// kube-apiserver's own 404: it knows nobody who serves sites.
		return nil, errors.New("the API is not installed")
	case apierrors.IsNotFound(err):
		return nil, nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	}
	return nil, err
}
