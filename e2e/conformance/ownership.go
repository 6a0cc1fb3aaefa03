package conformance

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/utils/ptr"

	"example.com/annex/e2e/step"
)

// controllerTimeout is how long a controller of kube-controller-manager may take: those for quota and garbage look for new
// resources every 30 seconds (k8s.io/kubernetes/cmd/kube-controller-manager/app/core.go), and then list and watch them.
const controllerTimeout = 90 * time.Second

// Ownership checks that the garbage collector deletes objects with their owners, in all the ways that a deletion can ask for. It
// stops for the whole cluster when it can't list or watch one resource.
func Ownership(r Resource) Feature {
	tr := try(r, "Ownership", r.Can("create", "get", "list", "watch", "patch", "delete"))
	if !tr.Feature.Claimed {
		return tr.Feature
	}
	tr.assess("an object goes with its owner", func(ctx context.Context, t *testing.T) {
		owner, remove := tr.owner(ctx, t)
		owned := tr.create(ctx, t, "owned", Field{Path: []string{"metadata", "ownerReferences"}, Value: []any{owner}})
		if err := remove(); err != nil {
			t.Fatal(err)
		}
		step.Eventually(ctx, t, controllerTimeout, "the owned object to be deleted", func(ctx context.Context) error {
			_, err := tr.objects().Get(ctx, owned.GetName(), metav1.GetOptions{})
			return mustBeGone(err)
		})
	})
	configMaps := func() corev1client.ConfigMapInterface { return tr.Kubernetes.CoreV1().ConfigMaps(tr.Namespace) }
	owning := func(ctx context.Context, t *testing.T, policy metav1.DeletionPropagation) (owner, owned string) {
		t.Helper()
		object := tr.create(ctx, t, "owner-"+strings.ToLower(string(policy)))
		reference := metav1.OwnerReference{
			APIVersion: r.GVR.GroupVersion().String(), Kind: r.Kind, Name: object.GetName(), UID: object.GetUID(), BlockOwnerDeletion: ptr.To(true),
		}
		owned = "owned-" + strings.ToLower(string(policy))
		own := func(name string) {
			t.Helper()
			configMap := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name, OwnerReferences: []metav1.OwnerReference{reference}}}
			if _, err := configMaps().Create(ctx, configMap, metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		own(owned)
		// The collector orphans only what it knows to be owned. It sees ConfigMaps in the order in which they change, and so knows
		// this one once it has deleted the next, whose owner never was.
		reference.UID += "-absent"
		own(owned + "-next")
		step.Eventually(ctx, t, controllerTimeout, "the garbage collector to know the owned object", func(ctx context.Context) error {
			_, err := configMaps().Get(ctx, owned+"-next", metav1.GetOptions{})
			return mustBeGone(err)
		})
		if err := tr.objects().Delete(ctx, object.GetName(), metav1.DeleteOptions{PropagationPolicy: &policy}); err != nil {
			t.Fatal(err)
		}
		return object.GetName(), owned
	}
	gone := func(ctx context.Context, owner, owned string) error {
		_, err := configMaps().Get(ctx, owned, metav1.GetOptions{})
		if err := mustBeGone(err); err != nil {
			return fmt.Errorf("the owned object: %w", err)
		}
		_, err = tr.objects().Get(ctx, owner, metav1.GetOptions{})
		if err := mustBeGone(err); err != nil {
			return fmt.Errorf("the owner: %w", err)
		}
		return nil
	}
	tr.assess("Background: the owner goes at once, and what it owns later", func(ctx context.Context, t *testing.T) {
		owner, owned := owning(ctx, t, metav1.DeletePropagationBackground)
		_, err := tr.objects().Get(ctx, owner, metav1.GetOptions{})
		expectRefused(t, err, apierrors.IsNotFound)
		step.Eventually(ctx, t, controllerTimeout, "owner and owned to be deleted", func(ctx context.Context) error { return gone(ctx, owner, owned) })
	})
	tr.assess("Foreground: the owner waits for what it owns", func(ctx context.Context, t *testing.T) {
		owner, owned := owning(ctx, t, metav1.DeletePropagationForeground)
		step.Eventually(ctx, t, controllerTimeout, "owner and owned to be deleted", func(ctx context.Context) error { return gone(ctx, owner, owned) })
	})
	tr.assess("Orphan: what it owns stays, and has no owner", func(ctx context.Context, t *testing.T) {
		owner, owned := owning(ctx, t, metav1.DeletePropagationOrphan)
		step.Eventually(ctx, t, controllerTimeout, "the owner to be deleted", func(ctx context.Context) error {
			_, err := tr.objects().Get(ctx, owner, metav1.GetOptions{})
			return mustBeGone(err)
		})
		configMap, err := configMaps().Get(ctx, owned, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if len(configMap.OwnerReferences) > 0 {
			t.Errorf("it is still owned by %v", configMap.OwnerReferences)
		}
	})
	tr.assess("the policy is kept as a finalizer", func(ctx context.Context, t *testing.T) {
		for policy, finalizer := range map[metav1.DeletionPropagation]string{
			metav1.DeletePropagationForeground: metav1.FinalizerDeleteDependents,
			metav1.DeletePropagationOrphan:     metav1.FinalizerOrphanDependents,
		} {
			object := tr.create(ctx, t, "kept-"+strings.ToLower(string(policy)), Field{Path: []string{"metadata", "finalizers"}, Value: []any{Finalizer}})
			if err := tr.objects().Delete(ctx, object.GetName(), metav1.DeleteOptions{PropagationPolicy: &policy, DryRun: []string{metav1.DryRunAll}}); err != nil {
				t.Fatal(err)
			}
			expectUnchanged(t, object, tr.get(ctx, t, "kept-"+strings.ToLower(string(policy))))
			var deleted unstructured.Unstructured
			err := tr.raw(http.MethodDelete, object.GetName()).SetHeader("Content-Type", "application/json").
				Body(encode(t, metav1.DeleteOptions{PropagationPolicy: &policy})).Do(ctx).Into(&deleted)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Contains(deleted.GetFinalizers(), finalizer) {
				t.Errorf("%s: the finalizers are %v, want %s among them", policy, deleted.GetFinalizers(), finalizer)
			}
			if _, err := tr.objects().Patch(ctx, object.GetName(), types.JSONPatchType, []byte(`[{"op":"remove","path":"/metadata/finalizers"}]`), metav1.PatchOptions{}); err != nil {
				t.Fatal(err)
			}
		}
	})
	return tr.Feature
}

// owner makes something built-in that an object of the trial may have as its
// owner, and returns how to delete it. What is not in a namespace can only be
// owned by what is in none either.
func (tr *trial) owner(ctx context.Context, t *testing.T) (map[string]any, func() error) {
	t.Helper()
	if tr.Namespaced {
		configMaps := tr.Kubernetes.CoreV1().ConfigMaps(tr.Namespace)
		owner, err := configMaps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "owner"}}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "name": owner.Name, "uid": string(owner.UID)},
			func() error { return configMaps.Delete(ctx, owner.Name, metav1.DeleteOptions{}) }
	}
	roles := tr.Kubernetes.RbacV1().ClusterRoles()
	owner, err := roles.Create(ctx, &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: tr.named("owner"), Labels: tr.marks()}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := step.CleanupContext(ctx)
		defer cancel()
		_ = roles.Delete(ctx, owner.Name, metav1.DeleteOptions{}) // It is gone unless the test failed.
	})
	return map[string]any{"apiVersion": rbacv1.SchemeGroupVersion.String(), "kind": "ClusterRole", "name": owner.Name, "uid": string(owner.UID)},
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
