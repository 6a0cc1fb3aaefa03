package uninstall

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
)

// kept are kinds that hold what the server has stored, and what other servers share.
var kept = map[schema.GroupResource]bool{
	{Resource: "persistentvolumeclaims"}: true,
	{Resource: "persistentvolumes"}:      true,
	{Resource: "namespaces"}:             true,
	apiServices.GroupResource():          true, // They are found by where they lead.
}

// rank is the place of a group's objects in the order: a workload ends before what it uses goes, and its rights go last.
func rank(resource schema.GroupVersionResource) int {
	switch resource.Group {
	case "apps", "batch", "autoscaling", "policy":
		return 0
	case "rbac.authorization.k8s.io":
		return 2
	}
	return 1
}

func (u *uninstallation) selector() string {
	return labels.Set{"app.kubernetes.io/name": u.Server, "app.kubernetes.io/part-of": "annex"}.String()
}

// parts are all other objects of the server, by its labels, of whatever kind they are. What another object owns goes with
// it.
func (u *uninstallation) parts(ctx context.Context) ([]object, error) {
	resources, err := u.resources()
	if err != nil {
		return nil, err
	}
	var parts []object
	for _, resource := range resources {
		list, err := u.dynamic.Resource(resource).List(ctx, metav1.ListOptions{LabelSelector: u.selector()})
		switch {
		case apierrors.IsNotFound(err), apierrors.IsMethodNotSupported(err), apierrors.IsServiceUnavailable(err):
			continue // Another API went away, or is not well. No part of this server is served by it.
		case err != nil:
			return nil, fmt.Errorf("listing %s: %w", resource.GroupResource(), err)
		}
		for _, item := range list.Items {
			if len(item.GetOwnerReferences()) == 0 {
				parts = append(parts, object{resource: resource, namespace: item.GetNamespace(), name: item.GetName()})
			}
		}
	}
	slices.SortStableFunc(parts, func(a, b object) int { return cmp.Compare(rank(a.resource), rank(b.resource)) })
	return parts, nil
}

// resources are all kinds whose objects can be listed and deleted. APIs that are not well are left out.
func (u *uninstallation) resources() ([]schema.GroupVersionResource, error) {
	lists, err := discovery.ServerPreferredResources(u.discovery)
	if err != nil && !errors.As(err, new(*discovery.ErrGroupDiscoveryFailed)) {
		return nil, fmt.Errorf("asking for all kinds of objects: %w", err)
	}
	deletable, err := discovery.GroupVersionResources(discovery.FilteredBy(discovery.SupportsAllVerbs{Verbs: []string{"list", "delete"}}, lists))
	if err != nil {
		return nil, fmt.Errorf("reading the kinds of objects: %w", err)
	}
	var resources []schema.GroupVersionResource
	for resource := range deletable {
		if !kept[resource.GroupResource()] {
			resources = append(resources, resource)
		}
	}
	slices.SortFunc(resources, func(a, b schema.GroupVersionResource) int { return cmp.Compare(a.String(), b.String()) })
	return resources, nil
}
