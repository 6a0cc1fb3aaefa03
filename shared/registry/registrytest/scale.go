package registrytest

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apiserver/pkg/registry/rest"
)

// scale updates the number, and nothing but the number. Upstream's tester takes a subresource to be of the resource's kind, so
// that this one says what is expected of a Scale.
func (tr trial[T]) scale() {
	ctx := tr.context("scale")
	scales := tr.storage["scale"].(rest.Patcher)
	made := tr.valid("valid", func(object T) { object.SetGeneration(1); object.SetUID("original") })
	if err := tr.put(ctx, made); err != nil {
		tr.Fatal(err)
	}
	stored := func() T {
		object, err := tr.read(ctx, made)
		if err != nil {
			tr.Fatal(err)
		}
		return object.(T)
	}
	before := stored()
	number := scaleNamed(ctx, tr.T, scales, "valid").Spec.Replicas

	for name, refused := range map[string]struct {
		object string
		change func(*autoscalingv1.Scale)
		is     func(error) bool
	}{
		"an object that is not there": {"absent", func(*autoscalingv1.Scale) {}, apierrors.IsNotFound},
		"an old version":              {"valid", func(s *autoscalingv1.Scale) { s.ResourceVersion = "1" }, apierrors.IsConflict},
		"another uid":                 {"valid", func(s *autoscalingv1.Scale) { s.UID = types.UID("another") }, apierrors.IsConflict},
		"a negative number":           {"valid", func(s *autoscalingv1.Scale) { s.Spec.Replicas = -1 }, apierrors.IsInvalid},
	} {
		if _, err := updateScale(ctx, scales, refused.object, nil, refused.change); !refused.is(err) {
			tr.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := updateScale(ctx, scales, "valid", []string{metav1.DryRunAll}, func(s *autoscalingv1.Scale) { s.Spec.Replicas++ }); err != nil {
		tr.Errorf("dry run: %v", err)
	}
	if diff := cmp.Diff(before, stored()); diff != "" {
		tr.Errorf("after refused updates and a dry run, what is stored differs (-before +after):\n%s", diff)
	}

	updated, err := updateScale(ctx, scales, "valid", nil, func(s *autoscalingv1.Scale) { s.Spec.Replicas++ })
	if err != nil {
		tr.Fatal(err)
	}
	after := stored()
	if got := scaleNamed(ctx, tr.T, scales, "valid"); got.Spec.Replicas != number+1 || updated.Spec.Replicas != number+1 {
		tr.Errorf("the number is %d, and the answer to the update said %d; want %d", got.Spec.Replicas, updated.Spec.Replicas, number+1)
	}
	if got, want := after.GetGeneration(), before.GetGeneration()+1; got != want {
		tr.Errorf("generation %d, want %d", got, want)
	}
	if _, err := updateScale(ctx, scales, "valid", nil, func(s *autoscalingv1.Scale) { s.Spec.Replicas-- }); err != nil {
		tr.Fatal(err)
	}
	restored := stored()
	restored.SetGeneration(before.GetGeneration())
	restored.SetResourceVersion(before.GetResourceVersion())
	restored.SetManagedFields(before.GetManagedFields())
	if diff := cmp.Diff(before, restored); diff != "" {
		tr.Errorf("scaled up and down, the object differs (-before +after):\n%s", diff)
	}
}

func scaleNamed(ctx context.Context, t *testing.T, scales rest.Getter, name string) *autoscalingv1.Scale {
	t.Helper()
	got, err := scales.Get(ctx, name, &metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return got.(*autoscalingv1.Scale)
}

// updateScale sends what change makes of the current Scale.
func updateScale(ctx context.Context, scales rest.Updater, name string, dryRun []string, change func(*autoscalingv1.Scale)) (*autoscalingv1.Scale, error) {
	info := rest.DefaultUpdatedObjectInfo(nil, func(_ context.Context, _, current runtime.Object) (runtime.Object, error) {
		changed := current.(*autoscalingv1.Scale).DeepCopy()
		change(changed)
		return changed, nil
	})
	updated, _, err := scales.Update(ctx, name, info, rest.ValidateAllObjectFunc, rest.ValidateAllObjectUpdateFunc, false, &metav1.UpdateOptions{DryRun: dryRun})
	if err != nil {
		return nil, err
	}
	return updated.(*autoscalingv1.Scale), nil
}
