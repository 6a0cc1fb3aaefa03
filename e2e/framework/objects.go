package framework

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/e2e-framework/klient"
)

// create makes the suite's objects, less those that are there already.
func (e *Environment) create(ctx context.Context, client klient.Client) error {
	documents := yaml.NewYAMLOrJSONDecoder(strings.NewReader(e.suite.Objects), 4096)
	for {
		object := &unstructured.Unstructured{}
		err := documents.Decode(object)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("decoding the suite's Objects: %w", err)
		}
		switch err := client.Resources().Create(ctx, object); {
		case apierrors.IsAlreadyExists(err):
		case err != nil:
			return fmt.Errorf("creating the suite's %s %s: %w", object.GetKind(), object.GetName(), err)
		default:
			e.created = append(e.created, object)
		}
	}
}

// deleteCreated takes away what create made, where the cluster stays.
func (e *Environment) deleteCreated(ctx context.Context, client klient.Client) error {
	if e.options.cluster != "existing" {
		return nil
	}
	var errs []error
	for _, object := range e.created {
		if err := client.Resources().Delete(ctx, object); err != nil && !apierrors.IsNotFound(err) {
			errs = append(errs, fmt.Errorf("deleting the suite's %s %s: %w", object.GetKind(), object.GetName(), err))
		}
	}
	return errors.Join(errs...)
}
