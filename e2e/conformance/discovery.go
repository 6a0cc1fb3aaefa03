package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	apidiscovery "k8s.io/api/apidiscovery/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"example.com/annex/e2e/step"
)

// aggregatedDiscovery is the media type of discovery version 2 (KEP-3352).
const aggregatedDiscovery = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

// discoveryTimeout is how long kube-apiserver may take to learn what a server
// offers: it asks when the APIService appears, and then every 60 seconds
// (k8s.io/kube-aggregator/pkg/apiserver/handler_discovery.go).
const discoveryTimeout = 75 * time.Second

// Discovery checks what the resource says of itself, and that it says nothing that is not so.
func Discovery(r Resource) Feature {
	tr := try(r, "Discovery", true)
	tr.assess("aggregated discovery is current and exact", func(ctx context.Context, t *testing.T) {
		var got apidiscovery.APIVersionDiscovery
		step.Eventually(ctx, t, discoveryTimeout, "discovery of "+r.GVR.GroupVersion().String(), func(ctx context.Context) error {
			version, err := r.discover(ctx, tr.Clients)
			if err != nil {
				return err
			}
			got = *version
			if got.Freshness != apidiscovery.DiscoveryFreshnessCurrent {
				return fmt.Errorf("it is %s", got.Freshness)
			}
			return nil
		})
		for _, resource := range got.Resources {
			if resource.Resource != r.GVR.Resource {
				continue
			}
			normalize(&resource, r.GVR.GroupVersion())
			if diff := cmp.Diff(r.discovery(), resource, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("discovery differs (-want +got):\n%s", diff)
			}
			return
		}
		t.Errorf("%s is not in discovery", r.GVR.Resource)
	})
	tr.assess("the group version's own document agrees", func(ctx context.Context, t *testing.T) {
		list, err := tr.Kubernetes.Discovery().ServerResourcesForGroupVersion(r.GVR.GroupVersion().String())
		if err != nil {
			t.Fatal(err)
		}
		verbs := map[string][]string{r.GVR.Resource: sorted(r.Verbs)}
		for name, v := range r.Subresources {
			verbs[r.GVR.Resource+"/"+name] = sorted(v)
		}
		got := map[string][]string{}
		for _, resource := range list.APIResources {
			if resource.Name != r.GVR.Resource && !strings.HasPrefix(resource.Name, r.GVR.Resource+"/") {
				continue
			}
			got[resource.Name] = sorted(resource.Verbs)
			if resource.Name == r.GVR.Resource && (resource.Kind != r.Kind || resource.SingularName != r.Singular || resource.Namespaced != r.Namespaced ||
				!slices.Equal(resource.ShortNames, r.ShortNames) || !slices.Equal(resource.Categories, r.Categories)) {
				t.Errorf("it says %+v", resource)
			}
		}
		if diff := cmp.Diff(verbs, got); diff != "" {
			t.Errorf("verbs differ (-want +got):\n%s", diff)
		}
	})
	tr.assess("a verb that is not advertised is not there", func(ctx context.Context, t *testing.T) {
		for _, request := range r.missing() {
			tr.expectAbsent(ctx, t, request)
		}
	})
	if r.Can("list", "get") {
		tr.assess("kubectl knows its names", func(ctx context.Context, t *testing.T) {
			object := tr.available(ctx, t, "listed")
			names := slices.Concat([]string{r.GVR.Resource, r.Singular, r.GVR.GroupResource().String()}, r.ShortNames, r.Categories)
			for _, name := range names {
				out := tr.Kubectl(ctx, t, "get", name, "--output=name")
				if want := r.kubectlName(object.GetName()); !slices.Contains(strings.Fields(out), want) {
					t.Errorf("kubectl get %s --output=name: got %q, want %s", name, out, want)
				}
			}
		})
	}
	return tr.Feature
}

// kubectlName is what kubectl calls an object: reservation.capacity.example.com/a.
func (r Resource) kubectlName(name string) string {
	return schema.GroupResource{Group: r.GVR.Group, Resource: strings.ToLower(r.Kind)}.String() + "/" + name
}

// discover finds the group version in kube-apiserver's aggregated discovery.
func (r Resource) discover(ctx context.Context, clients *step.Clients) (*apidiscovery.APIVersionDiscovery, error) {
	data, err := clients.Kubernetes.Discovery().RESTClient().Get().AbsPath(r.root()[0]).SetHeader("Accept", aggregatedDiscovery).Do(ctx).Raw()
	if err != nil {
		return nil, err
	}
	var groups apidiscovery.APIGroupDiscoveryList
	if err := json.Unmarshal(data, &groups); err != nil {
		return nil, fmt.Errorf("decoding aggregated discovery: %w", err)
	}
	for _, group := range groups.Items {
		if group.Name != r.GVR.Group {
			continue
		}
		for _, version := range group.Versions {
			if version.Version == r.GVR.Version {
				return &version, nil
			}
		}
	}
	return nil, fmt.Errorf("%s is not among the %d groups there", r.GVR.GroupVersion(), len(groups.Items))
}

// discovery is what aggregated discovery should say of the resource.
func (r Resource) discovery() apidiscovery.APIResourceDiscovery {
	gvk := r.GVK()
	kind := &metav1.GroupVersionKind{Group: gvk.Group, Version: gvk.Version, Kind: gvk.Kind}
	scope := apidiscovery.ScopeNamespace
	if !r.Namespaced {
		scope = apidiscovery.ScopeCluster
	}
	d := apidiscovery.APIResourceDiscovery{
		Resource:         r.GVR.Resource,
		ResponseKind:     kind,
		Scope:            scope,
		SingularResource: r.Singular,
		Verbs:            r.Verbs,
		ShortNames:       r.ShortNames,
		Categories:       r.Categories,
	}
	for name, verbs := range r.Subresources {
		d.Subresources = append(d.Subresources, apidiscovery.APISubresourceDiscovery{Subresource: name, ResponseKind: kind, Verbs: verbs})
	}
	normalize(&d, r.GVR.GroupVersion())
	return d
}

// normalize makes two documents that say the same equal. An empty group or
// version of a kind stands for the resource's own.
func normalize(d *apidiscovery.APIResourceDiscovery, gv schema.GroupVersion) {
	if d.ResponseKind != nil && d.ResponseKind.Group == "" && d.ResponseKind.Version == "" {
		d.ResponseKind.Group, d.ResponseKind.Version = gv.Group, gv.Version
	}
	d.Verbs = sorted(d.Verbs)
	for i := range d.Subresources {
		d.Subresources[i].Verbs = sorted(d.Subresources[i].Verbs)
		// Some subresources answer with a kind of another group (Scale).
		d.Subresources[i].ResponseKind = nil
		d.Subresources[i].AcceptedTypes = nil
	}
	slices.SortFunc(d.Subresources, func(a, b apidiscovery.APISubresourceDiscovery) int {
		return strings.Compare(a.Subresource, b.Subresource)
	})
}

func sorted(s []string) []string {
	s = slices.Clone(s)
	slices.Sort(s)
	return s
}
