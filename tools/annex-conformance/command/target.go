package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	apiregistration "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	"k8s.io/kube-aggregator/pkg/apis/apiregistration/v1/helper"

	"example.com/annex/e2e/conformance/claims"
	"example.com/annex/e2e/step"
)

// targets are what is to be tried.
type targets struct {
	apiServices, crds, resources []string
}

func (t *targets) addFlags(flags *pflag.FlagSet) {
	flags.StringSliceVar(&t.apiServices, "apiservice", nil, "try all resources of an APIService: VERSION.GROUP")
	flags.StringSliceVar(&t.crds, "crd", nil, "try a custom resource in all its versions: PLURAL.GROUP")
	flags.StringSliceVar(&t.resources, "resource", nil, "try one resource, built-in ones too: RESOURCE.VERSION.GROUP, with an empty GROUP for the core group")
}

// title names them as they were given.
func (t *targets) title() string {
	var all []string
	for _, each := range []struct {
		what  string
		names []string
	}{{"APIService", t.apiServices}, {"CRD", t.crds}, {"resource", t.resources}} {
		for _, name := range each.names {
			all = append(all, each.what+" "+strings.TrimSuffix(name, "."))
		}
	}
	return strings.Join(all, ", ")
}

// find are the resources. Each is there once.
func (t *targets) find(ctx context.Context, clients *step.Clients) ([]claims.Offer, error) {
	if len(t.apiServices)+len(t.crds)+len(t.resources) == 0 {
		return nil, errors.New("nothing to try: give --apiservice, --crd or --resource")
	}
	catalog, err := claims.NewCatalog(ctx, clients.Kubernetes.Discovery().RESTClient())
	if err != nil {
		return nil, err
	}
	var all []claims.Offer
	add := func(offers ...claims.Offer) {
		for _, o := range offers {
			known := slices.ContainsFunc(all, func(k claims.Offer) bool { return k.GVR == o.GVR })
			if !known {
				all = append(all, o)
			}
		}
	}
	for _, name := range t.apiServices {
		gv, err := available(ctx, clients, name)
		if err != nil {
			return nil, err
		}
		offers, err := catalog.Version(gv)
		if err != nil {
			return nil, fmt.Errorf("APIService %s: %w", name, err)
		}
		if len(offers) == 0 {
			return nil, fmt.Errorf("APIService %s has no resources", name)
		}
		add(offers...)
	}
	for _, name := range t.crds {
		resource := schema.ParseGroupResource(name)
		if resource.Group == "" {
			return nil, fmt.Errorf("--crd=%s: want PLURAL.GROUP, such as widgets.example.com", name)
		}
		offers, err := catalog.Versions(resource)
		if err != nil {
			return nil, err
		}
		add(offers...)
	}
	for _, name := range t.resources {
		gvr, err := parseResource(name)
		if err != nil {
			return nil, err
		}
		offer, err := catalog.Resource(gvr)
		if err != nil {
			return nil, err
		}
		add(offer)
	}
	return all, nil
}

// parseResource reads RESOURCE.VERSION.GROUP. The dot before an empty group may be left out.
func parseResource(name string) (schema.GroupVersionResource, error) {
	parts := strings.SplitN(name, ".", 3)
	if len(parts) < 2 || parts[0] == "" || parts[1] == "" {
		return schema.GroupVersionResource{}, fmt.Errorf("--resource=%s: want RESOURCE.VERSION.GROUP, such as deployments.v1.apps or configmaps.v1", name)
	}
	return schema.GroupVersionResource{Group: strings.Join(parts[2:], ""), Version: parts[1], Resource: parts[0]}, nil
}

// available is the group version of an APIService that is Available.
func available(ctx context.Context, clients *step.Clients, name string) (schema.GroupVersion, error) {
	services := clients.Aggregator.ApiregistrationV1().APIServices()
	service, err := services.Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		list, listErr := services.List(ctx, metav1.ListOptions{})
		if listErr != nil {
			return schema.GroupVersion{}, err
		}
		var names []string
		for _, item := range list.Items {
			names = append(names, item.Name)
		}
		if names = claims.Similar(name, names); len(names) > 0 {
			return schema.GroupVersion{}, fmt.Errorf("there is no APIService %s; there is %s", name, strings.Join(names, ", "))
		}
		return schema.GroupVersion{}, fmt.Errorf("there is no APIService %s, nor any with a similar name", name)
	}
	if err != nil {
		return schema.GroupVersion{}, fmt.Errorf("reading APIService %s: %w", name, err)
	}
	condition := helper.GetAPIServiceConditionByType(service, apiregistration.Available)
	switch {
	case condition == nil:
		return schema.GroupVersion{}, fmt.Errorf("APIService %s has no condition Available yet", name)
	case condition.Status != apiregistration.ConditionTrue:
		return schema.GroupVersion{}, fmt.Errorf("APIService %s is not Available: %s: %s", name, condition.Reason, condition.Message)
	}
	return schema.GroupVersion{Group: service.Spec.Group, Version: service.Spec.Version}, nil
}
