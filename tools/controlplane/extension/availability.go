package extension

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

// pollInterval is the time between two looks at an APIService. kube-apiserver
// takes tens of milliseconds to find a server available.
const pollInterval = 50 * time.Millisecond

// waitAvailable waits until each of the server's APIServices is Available. It
// fails when the server ends, and says what the condition said last when the
// context is done.
func (e *Extension) waitAvailable(ctx context.Context) error {
	for _, name := range e.APIServices() {
		if err := e.waitForCondition(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// APIServices are the names of the server's APIServices: "<version>.<group>".
func (e *Extension) APIServices() []string {
	var names []string
	for _, version := range e.options.Installation.Definition.GroupVersions() {
		names = append(names, version.Version+"."+version.Group)
	}
	return names
}

func (e *Extension) waitForCondition(ctx context.Context, name string) error {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	last := errors.New("kube-apiserver has not said yet")
	for {
		apiService, err := e.aggregator.ApiregistrationV1().APIServices().Get(ctx, name, metav1.GetOptions{})
		switch {
		case err == nil:
			if last = unavailable(apiService); last == nil {
				return nil
			}
		case ctx.Err() == nil:
			last = err // Not the mere end of the wait, when there is a better reason.
		}
		if server := e.Server(); server != nil && server.Err() != nil {
			return fmt.Errorf("waiting for APIService %s: %w", name, server.Err())
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for APIService %s to be Available: %w; the last thing known: %w", name, context.Cause(ctx), last)
		case <-ticker.C:
		}
	}
}

// unavailable is nil for an APIService whose condition Available is True, else
// what the condition says.
func unavailable(apiService *apiregistrationv1.APIService) error {
	for _, condition := range apiService.Status.Conditions {
		if condition.Type == apiregistrationv1.Available {
			if condition.Status == apiregistrationv1.ConditionTrue {
				return nil
			}
			return fmt.Errorf("%s: %s", condition.Reason, condition.Message)
		}
	}
	return errors.New("kube-apiserver has not said yet")
}

func (e *Extension) unregister(ctx context.Context) error {
	for _, name := range e.APIServices() {
		if err := e.aggregator.ApiregistrationV1().APIServices().Delete(ctx, name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("deleting APIService %s: %w", name, err)
		}
	}
	return nil
}
