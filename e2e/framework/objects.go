package framework

import (
	"context"
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/e2e-framework/klient"
	"sigs.k8s.io/e2e-framework/klient/decoder"
	"sigs.k8s.io/e2e-framework/klient/k8s"
)

// create makes the suite's objects, less those that are there already.
func (e *Environment) create(ctx context.Context, client klient.Client) error {
	return decoder.DecodeEach(ctx, strings.NewReader(e.suite.Objects), func(ctx context.Context, object k8s.Object) error {
		switch err := client.Resources().Create(ctx, object); {
		case apierrors.IsAlreadyExists(err):
			return nil
		case err != nil:
			return fmt.Errorf("creating %s %s: %w", object.GetObjectKind().GroupVersionKind().Kind, object.GetName(), err)
		}
		e.created = append(e.created, object)
		return nil
	})
}

// deleteCreated takes away what create made, where the cluster is not.
func (e *Environment) deleteCreated(ctx context.Context, client klient.Client) error {
	if e.options.cluster != "existing" {
		return nil
	}
	var errs []error
	for _, object := range e.created {
		if err := client.Resources().Delete(ctx, object); err != nil && !apierrors.IsNotFound(err) {
			errs = append(errs, fmt.Errorf("deleting %s %s: %w", object.GetObjectKind().GroupVersionKind().Kind, object.GetName(), err))
		}
	}
	return errors.Join(errs...)
}
