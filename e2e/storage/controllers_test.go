package storage_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/ptr"

	capacity "example.com/annex/servers/capacity/definition"
	"example.com/annex/servers/inventory/cmdb/databasetest"
	inventory "example.com/annex/servers/inventory/definition"
	topology "example.com/annex/servers/topology/definition"
	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/condition"
	"example.com/annex/shared/deployment"
	"example.com/annex/shared/storage/postgrestest"
	"example.com/annex/tools/controlplane"
	"example.com/annex/tools/controlplane/controlplanetest"
	"example.com/annex/tools/controlplane/extension"
	"example.com/annex/tools/controlplane/extension/extensiontest"
)

// kept are objects in a database.
type kept struct {
	schema.GroupVersionResource
	kind string
	// spec is of any object of theirs.
	spec map[string]any
	// cluster is whether they are in no namespace.
	cluster bool
}

var (
	keptReservations = kept{
		GroupVersionResource: schema.GroupVersionResource{Group: "capacity.example.com", Version: "v1", Resource: "reservations"},
		kind:                 "Reservation", spec: map[string]any{"siteName": "ams-1", "slots": int64(1)},
	}
	keptSites = kept{
		GroupVersionResource: schema.GroupVersionResource{Group: "topology.example.com", Version: "v1", Resource: "sites"},
		kind:                 "Site", spec: map[string]any{"region": "eu-west", "capacity": map[string]any{"slots": int64(1)}}, cluster: true,
	}
	keptMachines = kept{
		GroupVersionResource: schema.GroupVersionResource{Group: "inventory.example.com", Version: "v1", Resource: "machines"},
		kind:                 "Machine", spec: map[string]any{"siteCode": "ams1", "cores": int64(4), "memoryMiB": int64(8192)},
	}
)

func (k kept) object(name string, owners ...metav1.OwnerReference) *unstructured.Unstructured {
	object := &unstructured.Unstructured{Object: map[string]any{"spec": k.spec}}
	object.SetAPIVersion(k.GroupVersion().String())
	object.SetKind(k.kind)
	object.SetName(name)
	object.SetOwnerReferences(owners)
	return object
}

// TestControllers has kube-controller-manager count, collect and delete objects that are in databases, and others: its controllers
// wait for their lists of all resources of the cluster, and a storage that never ends one (WatchList) stops them for all.
func TestControllers(t *testing.T) {
	t.Parallel()
	type server struct {
		definition apiserver.Definition
		storage    func(*testing.T) []string
		kept       kept
	}
	sqlite := func(t *testing.T) []string { return []string{"--data-dir=" + t.TempDir()} }
	postgres := func(dsn string) []string { return []string{"--storage-backend=postgres", "--storage-dsn=" + dsn} }
	for name, servers := range map[string][]server{
		"SQLite": {{topology.New(), sqlite, keptSites}, {capacity.New(), sqlite, keptReservations}},
		"PostgreSQL": {
			{capacity.New(), func(t *testing.T) []string { return postgres(postgrestest.New(t).Database(t)) }, keptReservations},
			{inventory.New(), func(t *testing.T) []string {
				_, dsn := databasetest.New(t)
				return postgres(dsn)
			}, keptMachines},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := startControllers(t)
			var installed []*extension.Extension
			for _, s := range servers {
				options := extension.Options{Plane: c.plane, Installation: deployment.Installation{Definition: s.definition}, Storage: s.storage(t)}
				if s.kept.kind == keptReservations.kind {
					options.Args = []string{"--disable-admission-plugins=SiteCheck"} // Which sites there are is not the subject.
				}
				e := extensiontest.New(t, options)
				if err := e.Install(t.Context()); err != nil {
					t.Fatal(err)
				}
				installed = append(installed, e)
			}
			t.Run("controllers", func(t *testing.T) { // Of its own, so that all have ended below.
				for _, s := range servers {
					t.Run(s.kept.Resource, func(t *testing.T) {
						t.Parallel()
						c.try(t, s.kept)
					})
				}
			})
			for i, s := range servers {
				c.expectLists(t, installed[i], s.kept)
			}
			c.expectInStep(t)
		})
	}
}

// controllers are those of a control plane.
type controllers struct {
	plane   *controlplane.ControlPlane
	core    kubernetes.Interface
	dynamic dynamic.Interface
}

func startControllers(t *testing.T) *controllers {
	t.Helper()
	c := &controllers{plane: controlplanetest.Start(t, controlplane.Options{})}
	var err error
	if c.core, err = kubernetes.NewForConfig(c.plane.RESTConfig()); err != nil {
		t.Fatal(err)
	}
	if c.dynamic, err = dynamic.NewForConfig(c.plane.RESTConfig()); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *controllers) objects(k kept, namespace string) dynamic.ResourceInterface {
	if k.cluster {
		return c.dynamic.Resource(k.GroupVersionResource)
	}
	return c.dynamic.Resource(k.GroupVersionResource).Namespace(namespace)
}

// try is what controllers do with objects of a kind, in a namespace for them.
func (c *controllers) try(t *testing.T, k kept) {
	namespace := k.Resource
	if _, err := c.core.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if !k.cluster {
		c.tryQuota(t, k, namespace)
	}
	c.tryBackground(t, k, namespace)
	c.tryForeground(t, k, namespace)

	c.create(t, k, namespace, "left")
	if err := c.core.CoreV1().Namespaces().Delete(t.Context(), namespace, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	condition.Eventually(t.Context(), t, timeout, "the namespace to be gone", func(ctx context.Context) error {
		left, err := c.core.CoreV1().Namespaces().Get(ctx, namespace, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("it is there (%v), and says %v", err, left.Status.Conditions)
	})
	if _, err := c.objects(k, namespace).Get(t.Context(), "left", metav1.GetOptions{}); k.cluster != (err == nil) {
		t.Errorf("after its namespace was deleted: %v", err)
	}
}

func (c *controllers) create(t *testing.T, k kept, namespace, name string, owners ...metav1.OwnerReference) *unstructured.Unstructured {
	t.Helper()
	created, err := c.objects(k, namespace).Create(t.Context(), k.object(name, owners...), metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return created
}

func (c *controllers) createConfigMap(t *testing.T, namespace, name string, owners ...metav1.OwnerReference) *corev1.ConfigMap {
	t.Helper()
	created, err := c.core.CoreV1().ConfigMaps(namespace).Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name, OwnerReferences: owners}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return created
}

// tryQuota has a quota hold for objects, and for Secrets.
func (c *controllers) tryQuota(t *testing.T, k kept, namespace string) {
	ours, theirs := corev1.ResourceName("count/"+k.GroupResource().String()), corev1.ResourceName("count/secrets")
	quotas, secrets := c.core.CoreV1().ResourceQuotas(namespace), c.core.CoreV1().Secrets(namespace)
	two := resource.MustParse("2")
	if _, err := quotas.Create(t.Context(), &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Name: "two"}, Spec: corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{ours: two, theirs: two}},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	used := func(want int64) {
		t.Helper()
		condition.Eventually(t.Context(), t, timeout, fmt.Sprintf("the quota to say that %d of each are used", want), func(ctx context.Context) error {
			quota, err := quotas.Get(ctx, "two", metav1.GetOptions{})
			if err != nil {
				return err
			}
			for _, name := range []corev1.ResourceName{ours, theirs} {
				if amount, known := quota.Status.Used[name]; !known || amount.Value() != want {
					return fmt.Errorf("it says %v", quota.Status.Used)
				}
			}
			return nil
		})
	}
	secret := func(name string) error {
		_, err := secrets.Create(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
		return err
	}
	// The controller looks for new resources twice a minute; a quota that it has counted before, it counts again when the quota
	// changes, else after five minutes (--resource-quota-sync-period).
	changes := 0
	condition.Eventually(t.Context(), t, timeout, "the quota to know of "+k.Resource, func(ctx context.Context) error {
		quota, err := quotas.Get(ctx, "two", metav1.GetOptions{})
		if err != nil {
			return err
		}
		if _, counted := quota.Status.Used[ours]; counted {
			return nil
		}
		changes++
		patch := fmt.Appendf(nil, `{"spec":{"hard":{"count/configmaps":"%d"}}}`, 100+changes)
		_, err = quotas.Patch(ctx, "two", types.MergePatchType, patch, metav1.PatchOptions{})
		return errors.Join(fmt.Errorf("it says %v", quota.Status.Used), err)
	})
	used(0)
	for _, name := range []string{"one", "two"} {
		c.create(t, k, namespace, name)
		if err := secret(name); err != nil {
			t.Fatal(err)
		}
	}
	used(2)
	if _, err := c.objects(k, namespace).Create(t.Context(), k.object("three"), metav1.CreateOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("the third of two %s: got %v, want it forbidden", k.Resource, err)
	}
	if err := secret("three"); !apierrors.IsForbidden(err) {
		t.Errorf("the third of two Secrets: got %v, want it forbidden", err)
	}
	for _, name := range []string{"one", "two"} {
		if err := c.objects(k, namespace).Delete(t.Context(), name, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		if err := secrets.Delete(t.Context(), name, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	// The controller hears of it by its own watches: nobody tells it to count.
	used(0)
}

// awaitGone waits until an object, and a ConfigMap, are there no more.
func (c *controllers) awaitGone(t *testing.T, k kept, namespace, object, configMap string) {
	t.Helper()
	condition.Eventually(t.Context(), t, timeout, object+" and "+configMap+" to be gone", func(ctx context.Context) error {
		if _, err := c.objects(k, namespace).Get(ctx, object, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			return fmt.Errorf("%s %s: %v", k.Resource, object, err)
		}
		if _, err := c.core.CoreV1().ConfigMaps(namespace).Get(ctx, configMap, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			return fmt.Errorf("configmaps %s: %v", configMap, err)
		}
		return nil
	})
}

// tryBackground deletes owners, and has their dependents collected, ours those of others, and the other way round. What is in no
// namespace is owned by nothing that is in one.
func (c *controllers) tryBackground(t *testing.T, k kept, namespace string) {
	background := metav1.DeleteOptions{PropagationPolicy: ptr.To(metav1.DeletePropagationBackground)}
	owner := c.create(t, k, namespace, "background")
	owned := metav1.OwnerReference{APIVersion: k.GroupVersion().String(), Kind: k.kind, Name: owner.GetName(), UID: owner.GetUID()}
	c.create(t, k, namespace, "owned", owned)
	c.createConfigMap(t, namespace, "owned", owned)
	if err := c.objects(k, namespace).Delete(t.Context(), owner.GetName(), background); err != nil {
		t.Fatal(err)
	}
	c.awaitGone(t, k, namespace, "owned", "owned")
	if k.cluster {
		return
	}
	theirs := c.createConfigMap(t, namespace, "background")
	c.create(t, k, namespace, "owned", metav1.OwnerReference{APIVersion: "v1", Kind: "ConfigMap", Name: theirs.Name, UID: theirs.UID})
	if err := c.core.CoreV1().ConfigMaps(namespace).Delete(t.Context(), theirs.Name, background); err != nil {
		t.Fatal(err)
	}
	c.awaitGone(t, k, namespace, "owned", theirs.Name)
}

// tryForeground has an owner wait for its dependents.
func (c *controllers) tryForeground(t *testing.T, k kept, namespace string) {
	const holder = "e2e.example.com/held"
	owner := c.create(t, k, namespace, "foreground")
	owned := metav1.OwnerReference{APIVersion: k.GroupVersion().String(), Kind: k.kind, Name: owner.GetName(), UID: owner.GetUID(), BlockOwnerDeletion: ptr.To(true)}
	held := k.object("held", owned)
	held.SetFinalizers([]string{holder})
	if _, err := c.objects(k, namespace).Create(t.Context(), held, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	c.createConfigMap(t, namespace, "dependent", owned)
	if err := c.objects(k, namespace).Delete(t.Context(), owner.GetName(), metav1.DeleteOptions{PropagationPolicy: ptr.To(metav1.DeletePropagationForeground)}); err != nil {
		t.Fatal(err)
	}
	condition.Eventually(t.Context(), t, timeout, "the dependents to be deleted", func(ctx context.Context) error {
		held, err := c.objects(k, namespace).Get(ctx, "held", metav1.GetOptions{})
		if err != nil {
			t.Fatalf("what is held went: %v", err)
		}
		if held.GetDeletionTimestamp() == nil {
			return fmt.Errorf("%s held is not being deleted", k.Resource)
		}
		if _, err := c.core.CoreV1().ConfigMaps(namespace).Get(ctx, "dependent", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			return fmt.Errorf("configmaps dependent: %v", err)
		}
		return nil
	})
	if waits, err := c.objects(k, namespace).Get(t.Context(), owner.GetName(), metav1.GetOptions{}); err != nil || waits.GetDeletionTimestamp() == nil {
		t.Fatalf("the owner does not wait for its dependent: %v, %v", waits, err)
	}
	if _, err := c.objects(k, namespace).Patch(t.Context(), "held", types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	c.awaitGone(t, k, namespace, "held", "dependent")
	c.awaitGone(t, k, namespace, owner.GetName(), "dependent")
}

// expectLists checks, at the server, that a list of all objects by watch (WatchList) came to its end: nobody but controllers asks
// for one.
func (c *controllers) expectLists(t *testing.T, server *extension.Extension, k kept) {
	t.Helper()
	status, metrics := ask(t, c.plane, server, "/metrics")
	ended := regexp.MustCompile(fmt.Sprintf(`(?m)^apiserver_watch_list_duration_seconds_count\{group="%s",resource="%s",.*\} [1-9]`, regexp.QuoteMeta(k.Group), k.Resource))
	if status != 200 || !ended.MatchString(metrics) {
		t.Errorf("no WatchList of %s came to its end: /metrics, %d, has no %s", k.GroupResource(), status, ended)
	}
}

// waits are what kube-controller-manager logs when what it reads of all resources does not get in step
// (pkg/controller/garbagecollector/garbagecollector.go, pkg/controller/resourcequota/resource_quota_controller.go).
var waits = []string{
	"not all resource monitors could be synced", "timed out waiting for dependency graph builder sync", "timed out waiting for quota monitor sync",
}

// expectInStep checks that no controller had to wait in vain for a list.
func (c *controllers) expectInStep(t *testing.T) {
	t.Helper()
	log, err := os.ReadFile(filepath.Join(c.plane.LogDir(), "kube-controller-manager.log"))
	if err != nil {
		t.Fatal(err)
	}
	expectIn(t, "kube-controller-manager's log", string(log), "Garbage collector: all resource monitors have synced")
	for _, line := range strings.Split(string(log), "\n") {
		for _, wait := range waits {
			if strings.Contains(line, wait) {
				t.Errorf("kube-controller-manager waited in vain: %s", line)
			}
		}
	}
}
