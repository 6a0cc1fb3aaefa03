package sitecheck

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"example.com/annex/servers/client/clientset/versioned"
	typed "example.com/annex/servers/client/clientset/versioned/typed/topology/v1"
	listers "example.com/annex/servers/client/listers/topology/v1"
	topologyv1 "example.com/annex/servers/topology/apis/topology/v1"
	"example.com/annex/shared/reflector"
)

// liveTimeout is how long a live read may take. A server that answers does so in milliseconds; whoever creates a Reservation
// should not wait for one that does not.
const liveTimeout = 2 * time.Second

// Live reads are few: of sites that the reflector does not have, or that lack something. Many at once are still let through, so
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
}

// reflected reads sites through kube-apiserver, with a reflector. Live reads have a client, and so a rate limit, of their own.
type reflected struct {
	reflector *reflector.Reflector
	lister    listers.SiteLister
	client    typed.SiteInterface
}

func newReflected(reflectors *reflector.Set) (*reflected, error) {
	r, err := reflectors.For(topologyv1.Resource("sites"), func(config *rest.Config) (reflector.Options, error) {
		clients, err := versioned.NewForConfig(rest.AddUserAgent(config, Name))
		if err != nil {
			return reflector.Options{}, err
		}
		return reflector.Options{Type: &topologyv1.Site{}, ListerWatcher: reflector.ListWatch(clients.TopologyV1().Sites())}, nil
	})
	if err != nil {
		return nil, err
	}
	config := reflectors.Config()
	config.QPS, config.Burst = liveQPS, liveBurst
	clients, err := versioned.NewForConfig(rest.AddUserAgent(config, Name))
	if err != nil {
		return nil, fmt.Errorf("making a client of %s: %w", topologyv1.GroupName, err)
	}
	return &reflected{reflector: r, lister: listers.NewSiteLister(r.Indexer()), client: clients.TopologyV1().Sites()}, nil
}

// cached returns nothing while the reflector is out of step. Until it is back, sites are read live, or not at all.
func (s *reflected) cached(name string) (*topologyv1.Site, bool) {
	if !s.reflector.InStepNow() {
		return nil, false
	}
	site, err := s.lister.Get(name)
	return site, err == nil
}

func (s *reflected) live(ctx context.Context, name string) (*topologyv1.Site, error) {
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
