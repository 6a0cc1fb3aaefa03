package conformance

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"example.com/annex/e2e/step"
)

// Namespaces checks that objects are in a namespace that there is, and go with it. One resource that can't be listed or deleted
// keeps all namespaces from being deleted.
func Namespaces(r Resource) Feature {
	tr := try(r, "Namespaces", r.Namespaced)
	if !tr.Feature.Claimed {
		tr.assess("there are none", func(ctx context.Context, t *testing.T) {
			path := append(r.root(), "namespaces", tr.Namespace, r.GVR.Resource)
			err := tr.Kubernetes.Discovery().RESTClient().Get().AbsPath(path...).Do(ctx).Error()
			expectRefused(t, err, apierrors.IsNotFound)
		})
		return tr.Feature
	}
	if r.Can("create", "get") {
		tr.assess("what is created without one, or in another than the request, is refused", func(ctx context.Context, t *testing.T) {
			absent := tr.Namespace + "-absent"
			_, err := tr.Objects(tr.Clients, absent).Create(ctx, tr.sample(t, "lost"), metav1.CreateOptions{})
			expectRefused(t, err, apierrors.IsNotFound, absent)
			sample := tr.sample(t, "elsewhere")
			sample.SetNamespace("default")
			err = tr.raw(http.MethodPost).SetHeader("Content-Type", "application/json").Body(encode(t, sample)).Do(ctx).Error()
			expectRefused(t, err, apierrors.IsBadRequest, "does not match the namespace")
			err = tr.Kubernetes.Discovery().RESTClient().Post().AbsPath(append(r.root(), r.GVR.Resource)...).
				SetHeader("Content-Type", "application/json").Body(encode(t, tr.sample(t, "nowhere"))).Do(ctx).Error()
			// Custom resources have no such path.
			expectRefused(t, err, func(err error) bool { return apierrors.IsMethodNotSupported(err) || apierrors.IsNotFound(err) })
		})
		tr.assess("the same name is another object in another namespace", func(ctx context.Context, t *testing.T) {
			other := tr.Objects(tr.Clients, tr.elsewhere(ctx, t))
			here := tr.create(ctx, t, "same")
			there, err := other.Create(ctx, tr.sample(t, "same"), metav1.CreateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if here.GetUID() == there.GetUID() {
				t.Errorf("both have the uid %s", here.GetUID())
			}
			if r.Can("delete") {
				if err := other.Delete(ctx, "same", metav1.DeleteOptions{}); err != nil {
					t.Fatal(err)
				}
				expectUnchanged(t, here, tr.get(ctx, t, "same"))
			}
		})
	}
	if !r.Can("create", "get", "list", "patch", "delete", "deletecollection") {
		return tr.Feature
	}
	tr.assess("a namespace takes its objects along, and takes no more", func(ctx context.Context, t *testing.T) {
		namespace := tr.elsewhere(ctx, t)
		objects := tr.Objects(tr.Clients, namespace)
		if _, err := objects.Create(ctx, tr.sample(t, "inside"), metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		held := tr.sample(t, "held")
		held.SetFinalizers([]string{Finalizer})
		if _, err := objects.Create(ctx, held, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		if err := tr.Kubernetes.CoreV1().Namespaces().Delete(ctx, namespace, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		attempt := func(ctx context.Context) error {
			_, err := objects.Create(ctx, tr.sample(t, "late"), metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
			return err
		}
		// A server may learn of the deletion a moment later.
		step.Eventually(ctx, t, eventTimeout, "the server to refuse objects in a namespace that is terminating", func(ctx context.Context) error {
			err := attempt(ctx)
			if apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
				return nil
			}
			return cmp.Or(err, errors.New("it was accepted"))
		})
		expectRefused(t, attempt(ctx), apierrors.IsForbidden, namespace, "because it is being terminated")
		step.Eventually(ctx, t, controllerTimeout, "the objects of the namespace to be deleted but for one", func(ctx context.Context) error {
			list, err := objects.List(ctx, metav1.ListOptions{LabelSelector: Selector(tr.Namespace)})
			if err == nil && (len(list.Items) != 1 || list.Items[0].GetDeletionTimestamp() == nil) {
				err = fmt.Errorf("there are %v", namesOf(list))
			}
			return err
		})
		if _, err := objects.Patch(ctx, "held", types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{}); err != nil {
			t.Fatal(err)
		}
		step.Eventually(ctx, t, controllerTimeout, "the namespace to be deleted", func(ctx context.Context) error {
			got, err := tr.Kubernetes.CoreV1().Namespaces().Get(ctx, namespace, metav1.GetOptions{})
			if err == nil {
				return fmt.Errorf("it is %s: %v", got.Status.Phase, got.Status.Conditions)
			}
			return mustBeGone(err)
		})
		list, err := objects.List(ctx, metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if len(list.Items) != 0 {
			t.Errorf("left behind: %v", namesOf(list))
		}
	})
	return tr.Feature
}
