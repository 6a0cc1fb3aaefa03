package apply

import (
	"context"
	"errors"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
)

// interval is the time between two looks.
const interval = 500 * time.Millisecond

// wait waits for what must work before anything else is applied. The context says for how long.
func (a *application) wait(ctx context.Context, objects []unstructured.Unstructured) error {
	if !a.Wait || a.DryRun {
		return nil
	}
	for _, object := range objects {
		var ready func(unstructured.Unstructured) error
		switch stageOf(object) {
		case workloads:
			ready = rolledOut
		case registration:
			ready = available
		default:
			continue
		}
		if err := a.await(ctx, object, ready); err != nil {
			return err
		}
	}
	return nil
}

func (a *application) await(ctx context.Context, object unstructured.Unstructured, ready func(unstructured.Unstructured) error) error {
	resource, err := a.resource(object)
	if err != nil {
		return fmt.Errorf("waiting for %s: %w", describe(object), err)
	}
	started := time.Now()
	var last error
	err = wait.PollUntilContextCancel(ctx, interval, true, func(ctx context.Context) (bool, error) {
		now, err := resource.Get(ctx, object.GetName(), metav1.GetOptions{})
		if err == nil {
			err = ready(*now)
		}
		if err != nil && (last == nil || ctx.Err() == nil) {
			last = err
		}
		return err == nil, nil
	})
	if err != nil {
		return fmt.Errorf("waiting for %s: %w", describe(object), because(ctx, last))
	}
	return a.say("%s is ready after %s", describe(object), time.Since(started).Round(100*time.Millisecond))
}

// rolledOut says what a Deployment lacks: the same as kubectl rollout status
// (k8s.io/kubectl/pkg/polymorphichelpers/rollout_status.go).
func rolledOut(deployment unstructured.Unstructured) error {
	number := func(fields ...string) int64 {
		n, _, _ := unstructured.NestedInt64(deployment.Object, fields...)
		return n
	}
	want, updated := number("spec", "replicas"), number("status", "updatedReplicas")
	switch {
	case number("status", "observedGeneration") < deployment.GetGeneration():
		return errors.New("kube-controller-manager has not seen it yet")
	case updated < want:
		return fmt.Errorf("%d of %d replicas are updated", updated, want)
	case number("status", "replicas") > updated:
		return fmt.Errorf("%d old replicas are still there", number("status", "replicas")-updated)
	case number("status", "availableReplicas") < want:
		return fmt.Errorf("%d of %d replicas are available: see kubectl describe pods, kubectl logs", number("status", "availableReplicas"), want)
	}
	return nil
}

// available says what kube-apiserver has against an APIService.
func available(service unstructured.Unstructured) error {
	conditions, _, err := unstructured.NestedSlice(service.Object, "status", "conditions")
	if err != nil {
		return err
	}
	for _, c := range conditions {
		condition, ok := c.(map[string]any)
		if !ok || condition["type"] != "Available" {
			continue
		}
		if condition["status"] == "True" {
			return nil
		}
		return fmt.Errorf("%v: %v", condition["reason"], condition["message"])
	}
	return errors.New("kube-apiserver has not tried it yet")
}
