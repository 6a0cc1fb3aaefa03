package conformance

import (
	"context"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/e2e-framework/pkg/features"

	"example.com/annex/e2e/step"
)

// controllerTimeout is how long a controller of kube-controller-manager may
// take: those for quota and garbage look for new resources every 30 seconds
// (k8s.io/kubernetes/cmd/kube-controller-manager/app/core.go), and then list
// and watch them.
const controllerTimeout = 90 * time.Second

// Neighbours checks that the controllers that deal with every resource in the
// cluster deal with this one, and go on dealing with the others: they stop for
// all of them when one can't be listed or watched.
func Neighbours(r Resource) *features.FeatureBuilder {
	tr, f := try(r, "neighbours")
	if r.Namespaced {
		f = tr.namespaces(f)
	}
	return f.
		Assess("an object goes with its owner", step.Do(func(ctx context.Context, t *testing.T) {
			owner, remove := tr.owner(ctx, t)
			owned := tr.sample(t, "owned")
			owned.SetOwnerReferences([]metav1.OwnerReference{owner})
			if _, err := tr.objects().Create(ctx, owned, metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
			if err := remove(); err != nil {
				t.Fatal(err)
			}
			step.Eventually(ctx, t, controllerTimeout, "the owned object to be deleted", func(ctx context.Context) error {
				_, err := tr.objects().Get(ctx, owned.GetName(), metav1.GetOptions{})
				return mustBeGone(err)
			})
		})).
		Assess("an owner waits for what it owns", step.Do(func(ctx context.Context, t *testing.T) {
			owner := tr.create(ctx, t, "foreground")
			configMaps := tr.Kubernetes.CoreV1().ConfigMaps(tr.Namespace)
			if _, err := configMaps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
				Name: "owned",
				OwnerReferences: []metav1.OwnerReference{{
					APIVersion: r.GVR.GroupVersion().String(), Kind: r.Kind, Name: owner.GetName(), UID: owner.GetUID(), BlockOwnerDeletion: ptr.To(true),
				}},
			}}, metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
			if err := tr.objects().Delete(ctx, owner.GetName(), metav1.DeleteOptions{PropagationPolicy: ptr.To(metav1.DeletePropagationForeground)}); err != nil {
				t.Fatal(err)
			}
			step.Eventually(ctx, t, controllerTimeout, "owner and owned to be deleted", func(ctx context.Context) error {
				_, err := configMaps.Get(ctx, "owned", metav1.GetOptions{})
				if err := mustBeGone(err); err != nil {
					return fmt.Errorf("the owned object: %w", err)
				}
				_, err = tr.objects().Get(ctx, owner.GetName(), metav1.GetOptions{})
				if err := mustBeGone(err); err != nil {
					return fmt.Errorf("the owner: %w", err)
				}
				return nil
			})
		}))
}

// namespaces adds what concerns only resources in namespaces.
func (tr *trial) namespaces(f *features.FeatureBuilder) *features.FeatureBuilder {
	r := tr.Resource
	return f.
		Assess("a quota counts", step.Do(func(ctx context.Context, t *testing.T) {
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
				if counted.Value() != 1 {
					return fmt.Errorf("used is %v, want 1 of %s", got.Status.Used, ours)
				}
				return nil
			})
		})).
		Assess("a namespace is deleted with its objects", step.Do(func(ctx context.Context, t *testing.T) {
			namespace := tr.NewNamespace(ctx, t)
			if _, err := tr.Objects(tr.Clients, namespace).Create(ctx, tr.sample(t, "inside"), metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
			if err := tr.Kubernetes.CoreV1().Namespaces().Delete(ctx, namespace, metav1.DeleteOptions{}); err != nil {
				t.Fatal(err)
			}
			step.Eventually(ctx, t, controllerTimeout, "the namespace to be deleted", func(ctx context.Context) error {
				got, err := tr.Kubernetes.CoreV1().Namespaces().Get(ctx, namespace, metav1.GetOptions{})
				if err == nil {
					return fmt.Errorf("it is %s: %v", got.Status.Phase, got.Status.Conditions)
				}
				return mustBeGone(err)
			})
			list, err := tr.Objects(tr.Clients, namespace).List(ctx, metav1.ListOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if len(list.Items) != 0 {
				t.Errorf("left behind: %v", namesOf(list))
			}
		}))
}

// owner makes something built-in that an object of the trial may have as its
// owner, and returns how to delete it. What is not in a namespace can only be
// owned by what is in none either.
func (tr *trial) owner(ctx context.Context, t *testing.T) (metav1.OwnerReference, func() error) {
	t.Helper()
	if tr.Namespaced {
		configMaps := tr.Kubernetes.CoreV1().ConfigMaps(tr.Namespace)
		owner, err := configMaps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "owner"}}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return metav1.OwnerReference{APIVersion: "v1", Kind: "ConfigMap", Name: owner.Name, UID: owner.UID},
			func() error { return configMaps.Delete(ctx, owner.Name, metav1.DeleteOptions{}) }
	}
	roles := tr.Kubernetes.RbacV1().ClusterRoles()
	owner, err := roles.Create(ctx, &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: tr.named("owner")}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := step.CleanupContext(ctx)
		defer cancel()
		_ = roles.Delete(ctx, owner.Name, metav1.DeleteOptions{}) // It is gone unless the test failed.
	})
	return metav1.OwnerReference{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: "ClusterRole", Name: owner.Name, UID: owner.UID},
		func() error { return roles.Delete(ctx, owner.Name, metav1.DeleteOptions{}) }
}

// mustBeGone turns the outcome of a read into an error unless it is NotFound.
func mustBeGone(err error) error {
	switch {
	case apierrors.IsNotFound(err):
		return nil
	case err == nil:
		return fmt.Errorf("still there")
	default:
		return err
	}
}
