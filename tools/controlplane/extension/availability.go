package extension

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	"k8s.io/kube-aggregator/pkg/apis/apiregistration/v1/helper"
	aggregator "k8s.io/kube-aggregator/pkg/client/clientset_generated/clientset"
)

// pollInterval is the time between two looks. kube-apiserver takes tens of
// milliseconds to find a server available.
const pollInterval = 50 * time.Millisecond

// waitAvailable waits until each of the server's APIServices is Available.
func (e *Extension) waitAvailable(ctx context.Context) error {
	for _, name := range e.APIServices() {
		if err := e.await(ctx, "APIService "+name+" to be Available", func(ctx context.Context) error {
			return Available(ctx, e.aggregator, name)
		}); err != nil {
			return err
		}
	}
	return nil
}

// APIServices are the names of the server's APIServices: "<version>.<group>".
func (e *Extension) APIServices() []string {
	var names []string
	for _, gv := range e.options.Installation.Definition.GroupVersions() {
		names = append(names, gv.Version+"."+gv.Group)
	}
	return names
}

// await waits until check returns nil. It fails when the server ends, and says
// what check returned last when the context is done.
func (e *Extension) await(ctx context.Context, what string, check func(context.Context) error) error {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	var last error
	for {
		err := check(ctx)
		if err == nil {
			return nil
		}
		if last == nil || ctx.Err() == nil {
			last = err // Not the mere end of the wait, when there is a better reason.
		}
		if server := e.Server(); server != nil && server.Err() != nil {
			return fmt.Errorf("waiting for %s: %w", what, server.Err())
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w; the last thing known: %w", what, context.Cause(ctx), last)
		case <-ticker.C:
		}
	}
}

// Available is nil for an APIService whose condition Available is True, else
// what the condition says.
func Available(ctx context.Context, client aggregator.Interface, name string) error {
	condition, err := Condition(ctx, client, name)
	if err == nil && condition.Status != apiregistrationv1.ConditionTrue {
		return fmt.Errorf("%s: %s", condition.Reason, condition.Message)
	}
	return err
}

// Condition is an APIService's condition Available. It fails where there is
// none, as before kube-apiserver has looked at the server for the first time.
func Condition(ctx context.Context, client aggregator.Interface, name string) (apiregistrationv1.APIServiceCondition, error) {
	apiService, err := client.ApiregistrationV1().APIServices().Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return apiregistrationv1.APIServiceCondition{}, err
	}
	condition := helper.GetAPIServiceConditionByType(apiService, apiregistrationv1.Available)
	if condition == nil {
		return apiregistrationv1.APIServiceCondition{}, errors.New("kube-apiserver has not said yet")
	}
	return *condition, nil
}

func (e *Extension) unregister(ctx context.Context) error {
	for _, name := range e.APIServices() {
		if err := e.aggregator.ApiregistrationV1().APIServices().Delete(ctx, name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("deleting APIService %s: %w", name, err)
		}
	}
	return nil
}
