package apply

import (
	"context"
	"errors"
	"fmt"
	"io"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
)

// FieldManager owns, in server-side apply, what is applied here.
const FieldManager = "annex-deploy"

// Options say how to apply.
type Options struct {
	// DryRun has kube-apiserver do all but store: defaulting, validation, admission. In a namespace that does not exist it refuses
	// everything.
	DryRun bool
	// Wait is whether to wait for Deployments before the APIServices are applied, and for these to be Available. A dry run waits for
	// nothing.
	Wait bool
	// Force takes fields over from others, kubectl edit for example. Without it a conflict is an error that names them.
	Force bool
	// Progress gets a line for everything that is done. Required.
	Progress io.Writer
	// Warnings gets kube-apiserver's warnings. Nil means a line in Progress for each.
	Warnings rest.WarningHandlerWithContext
}

// application is one run.
type application struct {
	Options
	client dynamic.Interface
	mapper meta.RESTMapper
}

// Run applies the objects. It can be repeated; the first error ends it, and names the object.
func Run(ctx context.Context, config *rest.Config, objects []unstructured.Unstructured, options Options) error {
	config = rest.CopyConfig(config)
	a := application{Options: options}
	config.WarningHandlerWithContext = options.Warnings
	if options.Warnings == nil {
		config.WarningHandlerWithContext = warnings{&a}
	}
	var err error
	if a.client, err = dynamic.NewForConfig(config); err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	resources, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return fmt.Errorf("making a discovery client: %w", err)
	}
	a.mapper = restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(resources))
	var pending []unstructured.Unstructured // What is waited for before the next stage.
	at := namespaces
	for _, object := range inOrder(objects) {
		if stage := stageOf(object); stage != at {
			if err := a.wait(ctx, pending); err != nil {
				return err
			}
			at, pending = stage, nil
		}
		if err := a.apply(ctx, object); err != nil {
			return err
		}
		pending = append(pending, object)
	}
	return a.wait(ctx, pending)
}

// resource is the way to an object.
func (a *application) resource(object unstructured.Unstructured) (dynamic.ResourceInterface, error) {
	kind := object.GroupVersionKind()
	mapping, err := a.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if meta.IsNoMatchError(err) {
		return nil, fmt.Errorf("%w: the cluster has no such kind; is the CustomResourceDefinition installed?", err)
	}
	if err != nil {
		return nil, err
	}
	if mapping.Scope.Name() == meta.RESTScopeNameRoot {
		return a.client.Resource(mapping.Resource), nil
	}
	return a.client.Resource(mapping.Resource).Namespace(object.GetNamespace()), nil
}

func (a *application) apply(ctx context.Context, object unstructured.Unstructured) error {
	fail := func(err error) error { return fmt.Errorf("applying %s: %w", describe(object), err) }
	resource, err := a.resource(object)
	if err != nil {
		return fail(err)
	}
	options := metav1.ApplyOptions{FieldManager: FieldManager, Force: a.Force}
	done := "applied"
	if a.DryRun {
		options.DryRun = []string{metav1.DryRunAll}
		done = "would be applied"
	}
	_, err = resource.Apply(ctx, object.GetName(), &object, options)
	switch {
	case apierrors.IsConflict(err):
		return fail(fmt.Errorf("%w; take the fields over with --force-conflicts, or leave them to the other", err))
	case apierrors.IsNotFound(err) && a.DryRun:
		return fail(fmt.Errorf("%w; a dry run in a namespace that does not exist can't succeed: create it first", err))
	case err != nil:
		return fail(err)
	}
	return a.say("%s %s", describe(object), done)
}

func describe(object unstructured.Unstructured) string {
	name := object.GetKind() + " " + object.GetName()
	if namespace := object.GetNamespace(); namespace != "" {
		name += " in " + namespace
	}
	return name
}

func (a *application) say(format string, args ...any) error {
	if _, err := fmt.Fprintf(a.Progress, format+"\n", args...); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}

// warnings says them.
type warnings struct{ *application }

// HandleWarningHeaderWithContext is rest.WarningHandlerWithContext. 299 is the code of kube-apiserver's.
func (w warnings) HandleWarningHeaderWithContext(_ context.Context, code int, _ string, text string) {
	if code == 299 && text != "" {
		_ = w.say("warning: %s", text)
	}
}

// because joins what a context ended with and what was the matter.
func because(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return errors.Join(context.Cause(ctx), err)
}
