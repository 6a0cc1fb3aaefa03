package conformance

import (
	"context"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"example.com/annex/e2e/step"
)

// Quota checks that ResourceQuotas count the objects and hold for them, and go on counting others: the controller stops for all
// resources when it can't list or watch one. To hold a limit is the business of whoever serves the resource.
func Quota(r Resource) Feature {
	tr := try(r, "Quota", r.Namespaced && r.Can("create", "list", "watch", "delete"))
	if !tr.Feature.Claimed {
		return tr.Feature
	}
	tr.assess("a quota counts", func(ctx context.Context, t *testing.T) {
		ours := corev1.ResourceName("count/" + r.GVR.GroupResource().String())
		const theirs = corev1.ResourceName("count/resourcequotas") // This one.
		tr.create(ctx, t, "counted")
		quotas := tr.Kubernetes.CoreV1().ResourceQuotas(tr.Namespace)
		quota, err := quotas.Create(ctx, &corev1.ResourceQuota{
			ObjectMeta: metav1.ObjectMeta{Name: "counts"},
			Spec: corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{
				ours: resource.MustParse("5"), theirs: resource.MustParse("5"),
			}},
		}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		step.Eventually(ctx, t, controllerTimeout, "the quota's status", func(ctx context.Context) error {
			got, err := quotas.Get(ctx, quota.Name, metav1.GetOptions{})
			if err != nil {
				return err
			}
			all, err := quotas.List(ctx, metav1.ListOptions{}) // Some clusters give each namespace one.
			if err != nil {
				return err
			}
			if counted := got.Status.Used[theirs]; counted.Value() != int64(len(all.Items)) {
				return fmt.Errorf("used is %v, want %d of %s", got.Status.Used, len(all.Items), theirs)
			}
			list, err := tr.objects().List(ctx, metav1.ListOptions{}) // There may be others: each namespace has a ConfigMap.
			if err != nil {
				return err
			}
			counted, want := got.Status.Used[ours], int64(len(list.Items))
			if want != 0 && counted.Value() == want {
				return nil
			}
			if apiequality.Semantic.DeepEqual(got.Status.Hard, got.Spec.Hard) {
				// The controller has counted, and had not heard of the resource or of the object yet. It counts again when the
				// quota changes or an object goes, else after five minutes (--resource-quota-sync-period).
				more := got.Spec.Hard[ours]
				more.Add(resource.MustParse("1"))
				got.Spec.Hard[ours] = more
				if _, err := quotas.Update(ctx, got, metav1.UpdateOptions{}); err != nil {
					return err
				}
			}
			return fmt.Errorf("used is %v, want %d of %s", got.Status.Used, want, ours)
		})
	})
	tr.assess("a quota holds", func(ctx context.Context, t *testing.T) {
		ours := corev1.ResourceName("count/" + r.GVR.GroupResource().String())
		quotas := tr.Kubernetes.CoreV1().ResourceQuotas(tr.Namespace)
		quota, err := quotas.Get(ctx, "counts", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		counted := quota.Status.Used[ours]
		limit := func(ctx context.Context, n int64) {
			t.Helper()
			patch := fmt.Sprintf(`{"spec":{"hard":{%q:"%d"}}}`, ours, n)
			if _, err := quotas.Patch(ctx, quota.Name, types.MergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		create := func(ctx context.Context, name string, dryRun ...string) error {
			_, err := tr.objects().Create(ctx, tr.sample(t, name), metav1.CreateOptions{DryRun: dryRun})
			return err
		}
		// Servers, and the controller that fills in the status, hear of a limit by their own watches.
		limit(ctx, counted.Value())
		step.Eventually(ctx, t, controllerTimeout, "the limit to hold", func(ctx context.Context) error {
			if err := create(ctx, "one", metav1.DryRunAll); !apierrors.IsForbidden(err) {
				return fmt.Errorf("creating one more: %w, want that it is forbidden", err)
			}
			return nil
		})
		expectRefused(t, create(ctx, "one"), apierrors.IsForbidden, "exceeded quota: "+quota.Name, string(ours))
		limit(ctx, counted.Value()+1)
		step.Eventually(ctx, t, controllerTimeout, "one more to be let in", func(ctx context.Context) error {
			return create(ctx, "one")
		})
		expectRefused(t, create(ctx, "two"), apierrors.IsForbidden, "exceeded quota: "+quota.Name, string(ours))
		if err := tr.objects().Delete(ctx, tr.named("one"), metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		step.Eventually(ctx, t, controllerTimeout, "another to be let in once that is gone", func(ctx context.Context) error {
			return create(ctx, "two")
		})
	})
	return tr.Feature
}
