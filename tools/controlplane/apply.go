package controlplane

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

// fieldManager is who owns, in server-side apply, what is applied here.
const fieldManager = "annex-controlplane"

// Apply makes objects what they are given as, in their order, by server-side
// apply as cluster-admin. Objects need their type metadata. It may be called
// again with the same objects, or changed ones.
func (c *ControlPlane) Apply(ctx context.Context, objects ...runtime.Object) error {
	return Apply(ctx, c.RESTConfig(), objects...)
}

// Apply does the same in any cluster, as whoever config says.
func Apply(ctx context.Context, config *rest.Config, objects ...runtime.Object) error {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("applying objects: %w", err)
	}
	resources, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return fmt.Errorf("applying objects: %w", err)
	}
	known := map[schema.GroupVersion]*metav1.APIResourceList{}
	for _, object := range objects {
		kind := object.GetObjectKind().GroupVersionKind()
		accessor, err := meta.Accessor(object)
		if err != nil {
			return fmt.Errorf("applying a %s: %w", kind.Kind, err)
		}
		fail := func(err error) error {
			return fmt.Errorf("applying %s %s: %w", kind.Kind, accessor.GetName(), err)
		}
		// One group and version at a time: another one's server may be down.
		list := known[kind.GroupVersion()]
		if list == nil {
			if list, err = resources.ServerResourcesForGroupVersionWithContext(ctx, kind.GroupVersion().String()); err != nil {
				return fail(fmt.Errorf("asking for the resources of %s: %w", kind.GroupVersion(), err))
			}
			known[kind.GroupVersion()] = list
		}
		resource, err := resourceOf(kind, list)
		if err != nil {
			return fail(err)
		}
		content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
		if err != nil {
			return fail(err)
		}
		delete(content, "status") // It is not ours to apply.
		if _, err := client.Resource(resource).Namespace(accessor.GetNamespace()).Apply(ctx, accessor.GetName(),
			&unstructured.Unstructured{Object: content}, metav1.ApplyOptions{FieldManager: fieldManager, Force: true}); err != nil {
			return fail(err)
		}
	}
	return nil
}

func resourceOf(kind schema.GroupVersionKind, list *metav1.APIResourceList) (schema.GroupVersionResource, error) {
	for _, resource := range list.APIResources {
		// A name with a slash is a subresource's.
		if resource.Kind == kind.Kind && !strings.Contains(resource.Name, "/") {
			return kind.GroupVersion().WithResource(resource.Name), nil
		}
	}
	return schema.GroupVersionResource{}, fmt.Errorf("%s has no kind %s", kind.GroupVersion(), kind.Kind)
}
