package storage_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"example.com/annex/servers/client/clientset/versioned"
	"example.com/annex/shared/condition"
	"example.com/annex/tools/controlplane"
	"example.com/annex/tools/controlplane/controlplanetest"
)

// TestSQLite is a server that is told a directory, and nothing else about storage.
func TestSQLite(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	plane := controlplanetest.Start(t, controlplane.Options{})
	data := filepath.Join(t.TempDir(), "made", "by the server")
	server := install(t, plane, "--data-dir="+data)
	objects := reservations(t, plane.RESTConfig())

	created, err := objects.Create(ctx, reservation("kept"), metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(data, "capacity.db")
	if _, err := os.Stat(file); err != nil {
		t.Errorf("the database is not where it should be: %v", err)
	}
	status, body := ask(t, plane, server, "/readyz?verbose")
	expectIn(t, fmt.Sprintf("/readyz, %d", status), body, "[+]database ok")
	if strings.Contains(body, "etcd") {
		t.Errorf("/readyz speaks of etcd:\n%s", body)
	}
	if status, body = ask(t, plane, server, "/livez?verbose"); status != 200 || strings.Contains(body, "database") {
		t.Errorf("/livez depends on the database: %d, %s", status, body)
	}

	t.Run("another process is refused", func(t *testing.T) {
		kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
		if err := controlplane.WriteKubeconfig(kubeconfig, plane.RESTConfig()); err != nil {
			t.Fatal(err)
		}
		host, err := os.Hostname()
		if err != nil {
			t.Fatal(err)
		}
		status, output := start(t, nil, "--data-dir="+data, "--kubeconfig="+kubeconfig)
		if status != 1 || strings.Count(output, "\n") != 1 {
			t.Errorf("it ended with %d, and said:\n%s", status, output)
		}
		expectIn(t, "the other", output, file, fmt.Sprintf("process %d on host %s is using it", server.Server().Pid(), host))
	})

	t.Run("what others do in the cluster", func(t *testing.T) { testControllers(t, plane) })

	t.Run("killed and back", func(t *testing.T) {
		if err := server.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := server.Restart(ctx); err != nil {
			t.Fatal(err)
		}
		condition.Eventually(t.Context(), t, timeout, "what was kept", func(ctx context.Context) error {
			kept, err := objects.Get(ctx, "kept", metav1.GetOptions{})
			if err == nil && (kept.UID != created.UID || kept.ResourceVersion != created.ResourceVersion) {
				t.Fatalf("got %+v, want %+v", kept.ObjectMeta, created.ObjectMeta)
			}
			return err
		})
	})
}

// testControllers has the controllers of quota and of garbage do their work with the server's objects, and with others:
// both wait for the watches of all resources of the cluster, and a storage that fails one (WatchList) stops them for all.
func testControllers(t *testing.T, plane *controlplane.ControlPlane) {
	ctx := t.Context()
	core, err := kubernetes.NewForConfig(plane.RESTConfig())
	if err != nil {
		t.Fatal(err)
	}
	clients, err := versioned.NewForConfig(plane.RESTConfig())
	if err != nil {
		t.Fatal(err)
	}
	const namespace = "controllers"
	if _, err := core.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	objects := clients.CapacityV1().Reservations(namespace)
	configMaps := core.CoreV1().ConfigMaps(namespace)

	const count = corev1.ResourceName("count/reservations.capacity.example.com")
	quotas := core.CoreV1().ResourceQuotas(namespace)
	quota := &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Name: "two"},
		Spec:       corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{count: resource.MustParse("2"), "count/secrets": resource.MustParse("1")}},
	}
	if _, err := quotas.Create(ctx, quota, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	used := func(want string) {
		t.Helper()
		condition.Eventually(t.Context(), t, timeout, "the quota to be up to date", func(ctx context.Context) error {
			got, err := quotas.Get(ctx, quota.Name, metav1.GetOptions{})
			if err != nil {
				return err
			}
			if amount, known := got.Status.Used[count]; !known || amount.String() != want {
				return fmt.Errorf("the quota says that %v are used, want %s", got.Status.Used, want)
			}
			if _, known := got.Status.Used["count/secrets"]; !known {
				return fmt.Errorf("the quota does not know of Secrets: %v", got.Status.Used)
			}
			return nil
		})
	}
	used("0")

	owner, err := configMaps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "owner"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	owned := []metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", Name: owner.Name, UID: owner.UID}}
	for _, name := range []string{"one", "two"} {
		r := reservation(name)
		r.OwnerReferences = owned
		if _, err := objects.Create(ctx, r, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := configMaps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "owned", OwnerReferences: owned}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := objects.Create(ctx, reservation("three"), metav1.CreateOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("the third of two: got %v, want it forbidden", err)
	}
	if err := configMaps.Delete(ctx, owner.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	condition.Eventually(t.Context(), t, timeout, "owned objects to be gone", func(ctx context.Context) error {
		left, err := objects.List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		if len(left.Items) > 0 {
			return fmt.Errorf("%d reservations are left, whose owner is gone", len(left.Items))
		}
		if _, err := configMaps.Get(ctx, "owned", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			return fmt.Errorf("a ConfigMap is left, whose owner is gone: %v", err)
		}
		return nil
	})
	used("0")
}
