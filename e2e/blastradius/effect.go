package blastradius

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
)

// Limit is how long an effect may take before it counts as stuck.
const Limit = 20 * time.Second

// Cluster is what is measured.
type Cluster struct {
	// Client is the administrator's. Required.
	Client kubernetes.Interface
	// Kubectl is the program, and Kubeconfig the file by which it finds the cluster. Required.
	Kubectl, Kubeconfig string
	// TempDir makes a directory for kubectl's caches. Required.
	TempDir func() string
}

// Effect is something that the rest of a cluster wants done.
type Effect struct {
	// Name is a short one: "quota".
	Name string
	// Do does it, and returns when it is done; or, with the reason, when it was not within Limit.
	Do func(context.Context, *Cluster) error
}

// Effects are all that are measured.
var Effects = []Effect{
	{"quota", quota},
	{"garbage", garbage},
	{"namespace", namespace},
	{"kubectl", kubectl},
}

// await looks until check returns nil.
func await(ctx context.Context, what string, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, Limit)
	defer cancel()
	var last error
	err := wait.PollUntilContextCancel(ctx, 50*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		if err := check(ctx); err != nil {
			if last == nil || ctx.Err() == nil {
				last = err
			}
			return false, nil
		}
		return true, nil
	})
	if err != nil {
		return fmt.Errorf("waiting for %s: %w", what, last)
	}
	return nil
}

func (c *Cluster) namespace(ctx context.Context) (string, error) {
	ns, err := c.Client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "e2e-blast-"}}, metav1.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("creating a namespace: %w", err)
	}
	return ns.Name, nil
}

func (c *Cluster) configMap(ctx context.Context, namespace, name string, owners ...metav1.OwnerReference) (*corev1.ConfigMap, error) {
	return c.Client.CoreV1().ConfigMaps(namespace).Create(ctx,
		&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name, OwnerReferences: owners}}, metav1.CreateOptions{})
}

// quota makes a quota, and wants it counted and enforced.
func quota(ctx context.Context, c *Cluster) error {
	ns, err := c.namespace(ctx)
	if err != nil {
		return err
	}
	const counted = "count/secrets"
	quotas := c.Client.CoreV1().ResourceQuotas(ns)
	if _, err := quotas.Create(ctx, &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Name: "none"},
		Spec:       corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{counted: resource.MustParse("0")}},
	}, metav1.CreateOptions{}); err != nil {
		return err
	}
	if err := await(ctx, "the quota's status", func(ctx context.Context) error {
		got, err := quotas.Get(ctx, "none", metav1.GetOptions{})
		if err != nil {
			return err
		}
		if _, ok := got.Status.Used[counted]; !ok {
			return errors.New("it has counted nothing")
		}
		return nil
	}); err != nil {
		return err
	}
	_, err = c.Client.CoreV1().Secrets(ns).Create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "one"}}, metav1.CreateOptions{})
	if !apierrors.IsForbidden(err) {
		return fmt.Errorf("creating one more than the quota allows: %w, want Forbidden", err)
	}
	return nil
}

// garbage deletes an owner, and wants what it owned to go as well.
func garbage(ctx context.Context, c *Cluster) error {
	ns, err := c.namespace(ctx)
	if err != nil {
		return err
	}
	owner, err := c.configMap(ctx, ns, "owner")
	if err != nil {
		return err
	}
	if _, err := c.configMap(ctx, ns, "owned", metav1.OwnerReference{APIVersion: "v1", Kind: "ConfigMap", Name: owner.Name, UID: owner.UID}); err != nil {
		return err
	}
	if err := c.Client.CoreV1().ConfigMaps(ns).Delete(ctx, owner.Name, metav1.DeleteOptions{}); err != nil {
		return err
	}
	return await(ctx, "the owned object to go", func(ctx context.Context) error {
		_, err := c.Client.CoreV1().ConfigMaps(ns).Get(ctx, "owned", metav1.GetOptions{})
		return gone(err)
	})
}

// namespace deletes a namespace with something in it.
func namespace(ctx context.Context, c *Cluster) error {
	ns, err := c.namespace(ctx)
	if err != nil {
		return err
	}
	if _, err := c.configMap(ctx, ns, "inside"); err != nil {
		return err
	}
	return c.DeleteNamespace(ctx, ns)
}

// DeleteNamespace deletes a namespace, unless it is being deleted already or gone, and waits until it is gone. The error has
// the namespace's conditions.
func (c *Cluster) DeleteNamespace(ctx context.Context, name string) error {
	if err := c.Client.CoreV1().Namespaces().Delete(ctx, name, metav1.DeleteOptions{}); err != nil && !apierrors.IsConflict(err) {
		return gone(err)
	}
	return await(ctx, "namespace "+name+" to go", func(ctx context.Context) error {
		got, err := c.Client.CoreV1().Namespaces().Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return gone(err)
		}
		for _, condition := range got.Status.Conditions {
			if condition.Status == corev1.ConditionTrue {
				return fmt.Errorf("%s: %s: %s", condition.Type, condition.Reason, condition.Message)
			}
		}
		return fmt.Errorf("it is %s", got.Status.Phase)
	})
}

// kubectl lists Pods, as somebody does who has never asked this cluster before.
func kubectl(ctx context.Context, c *Cluster) error {
	ctx, cancel := context.WithTimeout(ctx, Limit)
	defer cancel()
	output, err := exec.CommandContext(ctx, c.Kubectl, "--kubeconfig", c.Kubeconfig, "--cache-dir", c.TempDir(), "get", "pods", "--all-namespaces").CombinedOutput()
	if err != nil {
		return fmt.Errorf("kubectl get pods: %w: %s", err, strings.TrimSpace(string(output)))
	}
	return nil
}

func gone(err error) error {
	switch {
	case apierrors.IsNotFound(err):
		return nil
	case err == nil:
		return errors.New("it is still there")
	}
	return err
}
