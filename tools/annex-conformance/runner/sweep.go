package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"example.com/annex/e2e/conformance"
	"example.com/annex/e2e/step"
)

var namespaces = schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}

// withoutNamespace is what features make outside of their namespaces, besides objects of the resource under test.
var withoutNamespace = []schema.GroupVersionResource{
	{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterrolebindings"},
	{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterroles"},
	{Group: "admissionregistration.k8s.io", Version: "v1", Resource: "validatingadmissionpolicybindings"},
	{Group: "admissionregistration.k8s.io", Version: "v1", Resource: "validatingadmissionpolicies"},
	{Group: "admissionregistration.k8s.io", Version: "v1", Resource: "mutatingadmissionpolicybindings"},
	{Group: "admissionregistration.k8s.io", Version: "v1", Resource: "mutatingadmissionpolicies"},
}

// Sweep deletes the namespaces of a run, without waiting for their end, and first whatever features have left outside of them: they
// clean up after themselves, but not if they were killed, or if a request was cut short that the server carried out.
func Sweep(ctx context.Context, config *rest.Config, plan Plan) error {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("making a client to clean up: %w", err)
	}
	list, err := client.Resource(namespaces).List(ctx, metav1.ListOptions{LabelSelector: step.RunLabel + "=" + plan.Run})
	if err != nil {
		return fmt.Errorf("looking for what the run has left: %w", err)
	}
	resources, err := plan.Claims.ToResources()
	if err != nil {
		return err
	}
	var names []string
	for _, namespace := range list.Items {
		names = append(names, namespace.GetName())
	}
	s := sweeper{client: client, selector: conformance.SelectorOfAll(names)}
	if len(names) > 0 {
		for _, r := range resources {
			if r.Can("list", "delete") {
				s.objects(ctx, r.GVR)
			}
		}
		for _, resource := range withoutNamespace {
			s.objects(ctx, resource)
		}
	}
	for _, name := range names {
		s.check("deleting namespace "+name, client.Resource(namespaces).Delete(ctx, name, metav1.DeleteOptions{}))
	}
	return errors.Join(s.errs...)
}

// StaleAfter is how old a namespace of a run is that is left: no run takes as long.
const StaleAfter = 24 * time.Hour

// SweepStale deletes the namespaces of runs that were killed and could not clean up, without waiting for their end.
func SweepStale(ctx context.Context, client kubernetes.Interface) error {
	list, err := client.CoreV1().Namespaces().List(ctx, metav1.ListOptions{LabelSelector: step.RunLabel})
	if err != nil {
		return fmt.Errorf("looking for what killed runs have left: %w", err)
	}
	var errs []error
	for _, namespace := range list.Items {
		if namespace.DeletionTimestamp != nil || time.Since(namespace.CreationTimestamp.Time) < StaleAfter {
			continue
		}
		// Not another of the same name.
		err := client.CoreV1().Namespaces().Delete(ctx, namespace.Name, metav1.DeleteOptions{Preconditions: metav1.NewUIDPreconditions(string(namespace.UID))})
		if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
			errs = append(errs, fmt.Errorf("deleting namespace %s, which a killed run has left: %w", namespace.Name, err))
		}
	}
	return errors.Join(errs...)
}

type sweeper struct {
	client   dynamic.Interface
	selector string
	errs     []error
}

func (s *sweeper) check(doing string, err error) {
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) { // A namespace that is going conflicts.
		s.errs = append(s.errs, fmt.Errorf("cleaning up: %s: %w", doing, err))
	}
}

// objects deletes all objects of a resource that features made, in all namespaces. A finalizer of theirs is taken off first.
func (s *sweeper) objects(ctx context.Context, resource schema.GroupVersionResource) {
	list, err := s.client.Resource(resource).List(ctx, metav1.ListOptions{LabelSelector: s.selector})
	if apierrors.IsForbidden(err) {
		return // The right to create them is asked for together with this one (conformance.Feature.Rules): none was made.
	}
	if err != nil {
		s.check("listing "+resource.Resource, err)
		return
	}
	for _, object := range list.Items {
		doing := "deleting " + resource.Resource + " " + object.GetName()
		client := s.of(resource, object)
		// The finalizers of others hold what they have to clean up.
		kept := slices.DeleteFunc(object.GetFinalizers(), func(f string) bool { return f == conformance.Finalizer })
		if len(kept) < len(object.GetFinalizers()) {
			patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"finalizers": kept, "resourceVersion": object.GetResourceVersion()}})
			if err == nil {
				_, err = client.Patch(ctx, object.GetName(), types.MergePatchType, patch, metav1.PatchOptions{})
			}
			s.check(doing, err)
		}
		s.check(doing, client.Delete(ctx, object.GetName(), metav1.DeleteOptions{}))
	}
}

func (s *sweeper) of(resource schema.GroupVersionResource, object unstructured.Unstructured) dynamic.ResourceInterface {
	if namespace := object.GetNamespace(); namespace != "" {
		return s.client.Resource(resource).Namespace(namespace)
	}
	return s.client.Resource(resource)
}
