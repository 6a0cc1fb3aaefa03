package claims

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	apidiscovery "k8s.io/api/apidiscovery/v2"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
)

// aggregatedDiscovery is the media type of discovery version 2 (KEP-3352).
const aggregatedDiscovery = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

// Catalog is what a cluster serves, as aggregated discovery has it.
type Catalog struct {
	groups []apidiscovery.APIGroupDiscovery
}

// NewCatalog asks the cluster. client is any REST client for it, such as that of its discovery client.
func NewCatalog(ctx context.Context, client rest.Interface) (Catalog, error) {
	var c Catalog
	for _, path := range []string{"/api", "/apis"} {
		data, err := client.Get().AbsPath(path).SetHeader("Accept", aggregatedDiscovery).Do(ctx).Raw()
		if err != nil {
			return c, fmt.Errorf("asking what the cluster serves at %s: %s: %w", path, apierrors.ReasonForError(err), err)
		}
		var list apidiscovery.APIGroupDiscoveryList
		if err := json.Unmarshal(data, &list); err != nil {
			return c, fmt.Errorf("decoding aggregated discovery at %s: %w", path, err)
		}
		if list.Kind != "APIGroupDiscoveryList" {
			return c, fmt.Errorf("asking what the cluster serves at %s: it answered with a %s, not with aggregated discovery v2 (Kubernetes 1.30 and later)", path, list.Kind)
		}
		c.groups = append(c.groups, list.Items...)
	}
	return c, nil
}

// Offer is a resource as discovery shows it.
type Offer struct {
	GVR schema.GroupVersionResource
	apidiscovery.APIResourceDiscovery
}

// Kind names the kind of its objects. A kind without a group and version has the resource's.
func (o Offer) Kind() schema.GroupVersionKind {
	gvk := o.GVR.GroupVersion().WithKind("")
	if k := o.ResponseKind; k != nil {
		gvk.Kind = k.Kind
		if k.Version != "" {
			gvk.Group, gvk.Version = k.Group, k.Version
		}
	}
	return gvk
}

// Name is how people write it: sites.v1.topology.example.com.
func (o Offer) Name() string { return Name(o.GVR) }

// Name is RESOURCE.VERSION.GROUP, or RESOURCE.VERSION in the core group.
func Name(gvr schema.GroupVersionResource) string {
	return strings.TrimSuffix(gvr.Resource+"."+gvr.Version+"."+gvr.Group, ".")
}

// Has says whether the resource has a verb; of a subresource, where that is given.
func (o Offer) Has(verb, subresource string) bool {
	if subresource == "" {
		return slices.Contains(o.Verbs, verb)
	}
	for _, s := range o.Subresources {
		if s.Subresource == subresource {
			return slices.Contains(s.Verbs, verb)
		}
	}
	return false
}

// Version lists the resources of a group version, by name. Its error is an [ErrNotServed] if there is no such thing, or says that
// what is shown is out of date because its server does not answer.
func (c Catalog) Version(gv schema.GroupVersion) ([]Offer, error) {
	for _, group := range c.groups {
		if group.Name != gv.Group {
			continue
		}
		for _, version := range group.Versions {
			if version.Version != gv.Version {
				continue
			}
			if version.Freshness == apidiscovery.DiscoveryFreshnessStale {
				return nil, fmt.Errorf("discovery of %s is stale: its server does not answer kube-apiserver", gv)
			}
			var offers []Offer
			for _, r := range version.Resources {
				offers = append(offers, Offer{GVR: gv.WithResource(r.Resource), APIResourceDiscovery: r})
			}
			return offers, nil
		}
	}
	return nil, ErrNotServed{What: gv.String(), Similar: Similar(gv.String(), c.versions())}
}

// Resource finds one resource.
func (c Catalog) Resource(gvr schema.GroupVersionResource) (Offer, error) {
	offers, err := c.Version(gvr.GroupVersion())
	if err != nil {
		return Offer{}, err
	}
	var names []string
	for _, o := range offers {
		if o.GVR == gvr {
			return o, nil
		}
		names = append(names, o.Name())
	}
	return Offer{}, ErrNotServed{What: Name(gvr), Similar: Similar(Name(gvr), names)}
}

// Versions are those in which a resource is served, the preferred one first.
func (c Catalog) Versions(resource schema.GroupResource) ([]Offer, error) {
	var found []Offer
	var names []string
	for _, group := range c.groups {
		for _, version := range group.Versions {
			for _, r := range version.Resources {
				names = append(names, strings.TrimSuffix(r.Resource+"."+group.Name, "."))
			}
			if group.Name != resource.Group {
				continue
			}
			offer, err := c.Resource(schema.GroupVersionResource{Group: group.Name, Version: version.Version, Resource: resource.Resource})
			if errors.As(err, new(ErrNotServed)) {
				continue
			}
			if err != nil {
				return nil, err
			}
			found = append(found, offer)
		}
	}
	if len(found) == 0 {
		return nil, ErrNotServed{What: resource.String(), Similar: Similar(resource.String(), names)}
	}
	return found, nil
}

func (c Catalog) versions() []string {
	var all []string
	for _, group := range c.groups {
		for _, version := range group.Versions {
			all = append(all, schema.GroupVersion{Group: group.Name, Version: version.Version}.String())
		}
	}
	return all
}

// ErrNotServed is the error about something that the cluster does not have.
type ErrNotServed struct {
	// What was asked for.
	What string
	// Similar are names that it has, the most similar first.
	Similar []string
}

func (e ErrNotServed) Error() string {
	if len(e.Similar) == 0 {
		return "the cluster does not serve " + e.What
	}
	return fmt.Sprintf("the cluster does not serve %s; it serves %s", e.What, strings.Join(e.Similar, ", "))
}
