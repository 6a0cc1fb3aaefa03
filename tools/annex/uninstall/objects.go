package uninstall

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/discovery"
)

// deleteObjects deletes all objects of the APIs, and waits until they are gone: their finalizers need the server.
func (u *uninstallation) deleteObjects(ctx context.Context, services []apiService) error {
	resources, err := u.served(services)
	if err != nil {
		return err
	}
	for _, resource := range resources {
		if err := u.empty(ctx, resource); err != nil {
			return err
		}
	}
	return nil
}

// served are the resources of the APIs whose objects can be deleted, each in one version.
func (u *uninstallation) served(services []apiService) ([]schema.GroupVersionResource, error) {
	var found []schema.GroupVersionResource
	known := map[schema.GroupResource]bool{}
	for _, service := range services {
		list, err := u.discovery.ServerResourcesForGroupVersion(service.version.String())
		if err != nil {
			return nil, fmt.Errorf("asking for the resources of %s: %w; repair the server, or leave out --delete-objects", service.version, err)
		}
		for _, resource := range list.APIResources {
			gvr := service.version.WithResource(resource.Name)
			deletable := discovery.SupportsAllVerbs{Verbs: []string{"list", "delete"}}.Match(service.version.String(), &resource)
			if deletable && !strings.Contains(resource.Name, "/") && !known[gvr.GroupResource()] {
				known[gvr.GroupResource()] = true
				found = append(found, gvr)
			}
		}
	}
	return found, nil
}

// empty deletes all objects of a resource.
func (u *uninstallation) empty(ctx context.Context, resource schema.GroupVersionResource) error {
	objects, err := u.all(ctx, resource)
	if err != nil {
		return err
	}
	for _, o := range objects {
		if err := u.delete(ctx, o); err != nil {
			return err
		}
	}
	if u.DryRun {
		return nil
	}
	var left []object
	err = wait.PollUntilContextCancel(ctx, 200*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		now, err := u.all(ctx, resource)
		if err != nil {
			return false, err
		}
		left = slices.DeleteFunc(now, func(o object) bool { return !slices.Contains(objects, o) })
		return len(left) == 0, nil
	})
	if err != nil {
		return fmt.Errorf("waiting for the end of %d %s, %v among them: %w; is the controller of their finalizers running?",
			len(left), resource.GroupResource(), first(left), errors.Join(context.Cause(ctx), err))
	}
	return nil
}

func first(objects []object) string {
	if len(objects) == 0 {
		return "none"
	}
	return objects[0].String()
}

func (u *uninstallation) all(ctx context.Context, resource schema.GroupVersionResource) ([]object, error) {
	list, err := u.dynamic.Resource(resource).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", resource.GroupResource(), err)
	}
	var objects []object
	for _, item := range list.Items {
		objects = append(objects, object{resource: resource, namespace: item.GetNamespace(), name: item.GetName()})
	}
	return objects, nil
}
