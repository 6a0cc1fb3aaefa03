package conformance

import (
	"context"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"example.com/annex/e2e/step"
)

// Quota checks that ResourceQuotas count the objects, and go on counting others: the controller stops for all resources when it
// can't list or watch one.
func Quota(r Resource) Feature {
	tr := try(r, "Quota", r.Namespaced && r.Can("create", "list", "watch", "delete"))
	if !tr.Feature.Claimed {
		return tr.Feature
	}
	tr.assess("a quota counts", func(ctx context.Context, t *testing.T) {
		ours := corev1.ResourceName("count/" + r.GVR.GroupResource().String())
		const theirs = corev1.ResourceName("count/secrets")
		tr.create(ctx, t, "counted")
		if _, err := tr.Kubernetes.CoreV1().Secrets(tr.Namespace).Create(ctx,
			&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "counted"}}, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
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
			if counted := got.Status.Used[theirs]; counted.Value() != 1 {
				return fmt.Errorf("used is %v, want 1 of %s", got.Status.Used, theirs)
			}
			counted, known := got.Status.Used[ours]
			if !known && apiequality.Semantic.DeepEqual(got.Status.Hard, got.Spec.Hard) {
				// The controller has counted, and did not know the resource yet. It counts again when the quota
				// changes, else after five minutes (--resource-quota-sync-period).
				more := got.Spec.Hard[ours]
				more.Add(resource.MustParse("1"))
				got.Spec.Hard[ours] = more
				if _, err := quotas.Update(ctx, got, metav1.UpdateOptions{}); err != nil {
					return err
				}
			}
			list, err := tr.objects().List(ctx, metav1.ListOptions{}) // There may be others: each namespace has a ConfigMap.
			if err != nil {
				return err
			}
			if want := int64(len(list.Items)); want == 0 || counted.Value() != want {
				return fmt.Errorf("used is %v, want %d of %s", got.Status.Used, want, ours)
			}
			return nil
		})
	})
	return tr.Feature
}
