package usage

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	capacityv1 "example.com/annex/servers/capacity/apis/capacity/v1"
	"example.com/annex/servers/client/clientset/versioned"
	topologylisters "example.com/annex/servers/client/listers/topology/v1"
	topologyv1 "example.com/annex/servers/topology/apis/topology/v1"
	"example.com/annex/shared/reflector"
)

var (
	sites        = topologyv1.Resource("sites")
	reservations = capacityv1.Resource("reservations")
)

// Resources are what everything here is computed from.
var Resources = []schema.GroupResource{sites, reservations}

// bySite is the index of Reservations by their Site.
const bySite = "site"

// Source has the Sites, and the Reservations of each.
type Source struct {
	sites, reservations *reflector.Reflector
}

// NewSource makes a source of a server's reflectors.
func NewSource(reflectors *reflector.Set) (*Source, error) {
	s := &Source{}
	var err error
	if s.sites, err = reflectors.For(sites, func(config *rest.Config) (reflector.Options, error) {
		clients, err := versioned.NewForConfig(config)
		if err != nil {
			return reflector.Options{}, err
		}
		return reflector.Options{Type: &topologyv1.Site{}, ListerWatcher: reflector.ListWatch(clients.TopologyV1().Sites())}, nil
	}); err != nil {
		return nil, err
	}
	if s.reservations, err = reflectors.For(reservations, func(config *rest.Config) (reflector.Options, error) {
		clients, err := versioned.NewForConfig(config)
		if err != nil {
			return reflector.Options{}, err
		}
		return reflector.Options{
			Type:          &capacityv1.Reservation{},
			ListerWatcher: reflector.ListWatch(clients.CapacityV1().Reservations(metav1.NamespaceAll)),
			Indexers:      cache.Indexers{bySite: siteOf},
		}, nil
	}); err != nil {
		return nil, err
	}
	return s, nil
}

func siteOf(object any) ([]string, error) {
	r, ok := object.(*capacityv1.Reservation)
	if !ok {
		return nil, fmt.Errorf("indexing Reservations by their Site: got a %T", object)
	}
	return []string{r.Spec.SiteName}, nil
}

// site is a Site with all Reservations for it.
type site struct {
	*topologyv1.Site
	reservations []*capacityv1.Reservation
}

// site returns the Site of a name. The error is apierrors.NotFound, as of a lister, where there is none.
func (s *Source) site(ctx context.Context, name string) (site, error) {
	if err := reflector.InStep(ctx, s.sites, s.reservations); err != nil {
		return site{}, err
	}
	found, err := topologylisters.NewSiteLister(s.sites.Indexer()).Get(name)
	if err != nil {
		return site{}, err
	}
	return s.with(found)
}

// all returns all Sites.
func (s *Source) all(ctx context.Context) ([]site, error) {
	if err := reflector.InStep(ctx, s.sites, s.reservations); err != nil {
		return nil, err
	}
	found, err := topologylisters.NewSiteLister(s.sites.Indexer()).List(labels.Everything())
	if err != nil {
		return nil, apierrors.NewInternalError(err)
	}
	all := make([]site, 0, len(found))
	for _, one := range found {
		with, err := s.with(one)
		if err != nil {
			return nil, err
		}
		all = append(all, with)
	}
	return all, nil
}

func (s *Source) with(found *topologyv1.Site) (site, error) {
	objects, err := s.reservations.Indexer().ByIndex(bySite, found.Name)
	if err != nil {
		return site{}, apierrors.NewInternalError(err)
	}
	with := site{Site: found}
	for _, object := range objects {
		with.reservations = append(with.reservations, object.(*capacityv1.Reservation))
	}
	return with, nil
}
