package uninstall

import (
	"context"
	"errors"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
)

var apiServices = schema.GroupVersionResource{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"}

// apiService is an APIService of the server.
type apiService struct {
	object
	version schema.GroupVersion
}

// apiServices are those that lead to the server's Service, whatever their labels: one that stayed would be in everybody's
// way.
func (u *uninstallation) apiServices(ctx context.Context) ([]apiService, error) {
	list, err := u.dynamic.Resource(apiServices).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("listing APIServices: %w", err)
	}
	var found []apiService
	for _, item := range list.Items {
		field := func(path ...string) string {
			value, _, _ := unstructured.NestedString(item.Object, path...)
			return value
		}
		if field("spec", "service", "name") != u.Server || field("spec", "service", "namespace") != u.Namespace {
			continue
		}
		found = append(found, apiService{
			object:  object{resource: apiServices, name: item.GetName()},
			version: schema.GroupVersion{Group: field("spec", "group"), Version: field("spec", "version")},
		})
	}
	return found, nil
}

// awaitForgotten waits until kube-apiserver shows the versions in its discovery document no more. Until then controllers
// may still look for their objects.
func (u *uninstallation) awaitForgotten(ctx context.Context, services []apiService) error {
	if u.DryRun || len(services) == 0 {
		return nil
	}
	var last error
	err := wait.PollUntilContextCancel(ctx, 200*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		if err := u.forgotten(services); err != nil {
			if last == nil || ctx.Err() == nil {
				last = err
			}
			return false, nil
		}
		return true, nil
	})
	if err != nil {
		return fmt.Errorf("waiting for kube-apiserver to forget the API: %w", errors.Join(context.Cause(ctx), last))
	}
	return u.say("kube-apiserver has forgotten the API")
}

func (u *uninstallation) forgotten(services []apiService) error {
	groups, err := u.discovery.ServerGroups()
	if err != nil {
		return fmt.Errorf("asking for the API groups: %w", err)
	}
	for _, group := range groups.Groups {
		for _, version := range group.Versions {
			for _, service := range services {
				if service.version.String() == version.GroupVersion {
					return fmt.Errorf("%s is among the API groups", version.GroupVersion)
				}
			}
		}
	}
	return nil
}
