package uninstall

import (
	"context"
	"errors"
	"fmt"
	"io"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
)

// Options say what to take out.
type Options struct {
	// Server is the name of the server's Service, and the value of the label app.kubernetes.io/name of its objects: the Name
	// of its Definition. Required.
	Server string
	// Namespace is where the Service is. Required.
	Namespace string
	// DeleteObjects is whether all objects of the API are deleted first.
	DeleteObjects bool
	// DryRun is whether to say what would be deleted, and delete nothing.
	DryRun bool
	// Progress gets a line for everything that was deleted, or would be. Required.
	Progress io.Writer
}

// uninstallation is one run.
type uninstallation struct {
	Options
	discovery discovery.DiscoveryInterface
	dynamic   dynamic.Interface
}

// Run takes the server out of the cluster. What is gone already is no error, so that a run that failed can be repeated; but
// it is one if there was nothing at all.
func Run(ctx context.Context, config *rest.Config, options Options) error {
	if err := run(ctx, config, options); err != nil {
		if ctx.Err() != nil && !errors.Is(err, context.Cause(ctx)) {
			err = fmt.Errorf("%w: %w", context.Cause(ctx), err)
		}
		return fmt.Errorf("uninstalling %s: %w", options.Server, err)
	}
	return nil
}

func run(ctx context.Context, config *rest.Config, options Options) error {
	u := uninstallation{Options: options}
	var err error
	if u.discovery, err = discovery.NewDiscoveryClientForConfig(config); err != nil {
		return fmt.Errorf("making a discovery client: %w", err)
	}
	if u.dynamic, err = dynamic.NewForConfig(config); err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	services, err := u.apiServices(ctx)
	if err != nil {
		return err
	}
	parts, err := u.parts(ctx)
	if err != nil {
		return err
	}
	if len(services)+len(parts) == 0 {
		return fmt.Errorf("no APIService leads to Service %s/%s, and nothing has the labels %q; is --namespace right?", u.Namespace, u.Server, u.selector())
	}
	if u.DeleteObjects {
		if err := u.deleteObjects(ctx, services); err != nil {
			return err
		}
	}
	for _, service := range services {
		if err := u.delete(ctx, service.object); err != nil {
			return err
		}
	}
	if err := u.awaitForgotten(ctx, services); err != nil {
		return err
	}
	for _, part := range parts {
		if err := u.delete(ctx, part); err != nil {
			return err
		}
	}
	return nil
}

// object is one thing in the cluster.
type object struct {
	resource        schema.GroupVersionResource
	namespace, name string
}

func (o object) String() string {
	name := o.resource.GroupResource().String() + "/" + o.name
	if o.namespace != "" {
		name += " in " + o.namespace
	}
	return name
}

func (u *uninstallation) client(o object) dynamic.ResourceInterface {
	if o.namespace == "" {
		return u.dynamic.Resource(o.resource)
	}
	return u.dynamic.Resource(o.resource).Namespace(o.namespace)
}

// delete deletes an object with what it owns, and says so.
func (u *uninstallation) delete(ctx context.Context, o object) error {
	if u.DryRun {
		return u.say("would delete %s", o)
	}
	err := u.client(o).Delete(ctx, o.name, metav1.DeleteOptions{PropagationPolicy: ptr.To(metav1.DeletePropagationBackground)})
	switch {
	case apierrors.IsNotFound(err):
		return nil
	case err != nil:
		return fmt.Errorf("deleting %s: %w", o, err)
	}
	return u.say("deleted %s", o)
}

func (u *uninstallation) say(format string, args ...any) error {
	if _, err := fmt.Fprintf(u.Progress, format+"\n", args...); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}
