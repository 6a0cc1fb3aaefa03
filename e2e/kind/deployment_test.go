package kind_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	provider "example.com/annex/e2e/framework/kind"
	"example.com/annex/e2e/framework/kind/etcd"
	"example.com/annex/e2e/load"
	"example.com/annex/e2e/load/reservations"
	"example.com/annex/e2e/step"
	capacityv1 "example.com/annex/servers/capacity/apis/capacity/v1"
	"example.com/annex/servers/client/clientset/versioned"
	topologyv1 "example.com/annex/servers/topology/apis/topology/v1"
	"example.com/annex/shared/certs"
	"example.com/annex/shared/deployment"
	"example.com/annex/tools/annex/uninstall"
	"example.com/annex/tools/controlplane"
	"example.com/annex/tools/deploy/manifests"
)

const (
	// perSecond is how many requests are made.
	perSecond = 50
	// settling is how long requests go on before and after what is done under load.
	settling = 2 * time.Second
	// recovery is how long requests may fail after processes were killed: the kubelet must notice, and kube-proxy hear of it.
	recovery = 15 * time.Second
)

// TestDeployment takes two servers through their lives: topology, with SQLite on a volume, and capacity, with three replicas and
// etcd over TLS.
func TestDeployment(t *testing.T) {
	c := start(t)
	c.load(t, "topology", "v1")
	c.load(t, "capacity", "v1", "v2")
	client, err := versioned.NewForConfig(c.config)
	if err != nil {
		t.Fatal(err)
	}

	c.deploy(t, manifests.Options{Server: "topology", Overlay: "kind", Image: manifests.Image{Tag: "v1"}})
	site := &topologyv1.Site{ObjectMeta: metav1.ObjectMeta{Name: "ams-1"}, Spec: topologyv1.SiteSpec{Region: "eu-west", Capacity: topologyv1.SiteCapacity{Slots: 100000}}}
	if _, err := client.TopologyV1().Sites().Create(t.Context(), site, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	c.provideEtcd(t, "capacity")
	capacity := manifests.Options{Server: "capacity", Overlay: "kind", Components: []string{"high-availability"}, Storage: "etcd", Image: manifests.Image{Tag: "v1"}}
	c.deploy(t, capacity)

	steps := []struct {
		name string
		run  func(*testing.T)
	}{
		{"upgrade and drain under load", func(t *testing.T) {
			c.underLoad(t, func(t *testing.T) {
				began := time.Now()
				capacity.Image.Tag = "v2"
				c.deploy(t, capacity)
				c.expectImage(t, "capacity", ":v2", 3)
				t.Logf("upgraded after %.1f s", time.Since(began).Seconds())

				began = time.Now()
				worker := c.worker(t)
				c.run(t, "drain", worker, "--ignore-daemonsets", "--delete-emptydir-data")
				t.Logf("drained after %.1f s", time.Since(began).Seconds())
				for _, pod := range c.pods(t, "capacity") {
					if pod.Spec.NodeName == worker {
						t.Errorf("pod %s is on node %s, which is drained", pod.Name, worker)
					}
				}
				c.run(t, "uncordon", worker)
				// Of those that start next, some are on the other node again.
				c.run(t, "rollout", "restart", "deployment/capacity", "--namespace="+deployment.DefaultNamespace)
				c.run(t, "rollout", "status", "deployment/capacity", "--namespace="+deployment.DefaultNamespace, "--timeout=5m")
			})
		}},
		{"kill processes", func(t *testing.T) { c.kill(t, client) }},
		{"keep objects on a volume", func(t *testing.T) {
			before := c.pods(t, "topology")
			c.run(t, "delete", "pods", "--namespace="+deployment.DefaultNamespace, "--selector="+deployment.NameLabel+"=topology", "--grace-period=1")
			step.Eventually(t.Context(), t, timeout, "another Pod to serve the site", func(ctx context.Context) error {
				for _, pod := range c.pods(t, "topology") {
					if pod.UID == before[0].UID {
						return errors.New("the old one is there")
					}
				}
				got, err := client.TopologyV1().Sites().Get(ctx, site.Name, metav1.GetOptions{})
				if err == nil && got.Spec.Capacity.Slots != site.Spec.Capacity.Slots {
					t.Errorf("the site has %d slots, want %d", got.Spec.Capacity.Slots, site.Spec.Capacity.Slots)
				}
				return err
			})
		}},
		{"uninstall", func(t *testing.T) { c.uninstall(t, client, "capacity", "topology") }},
	}
	for _, s := range steps {
		if !t.Run(s.name, s.run) {
			return // What follows builds on it.
		}
	}
}

// provideEtcd makes an etcd over TLS, and what a server takes to use it.
func (c cluster) provideEtcd(t *testing.T, server string) {
	t.Helper()
	image, err := etcd.Image(t.Context(), c.client)
	if err != nil {
		t.Fatal(err)
	}
	authority, err := certs.NewAuthority("etcd-ca", certs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	e := etcd.Etcd{Image: image, Authority: authority}
	for _, objects := range []func() ([]runtime.Object, error){e.Objects, func() ([]runtime.Object, error) { return e.ClientObjects(server) }} {
		made, err := objects()
		if err == nil {
			err = controlplane.Apply(t.Context(), c.config, made...)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// underLoad does something while Reservations are created, read and deleted, of which no request may fail.
func (c cluster) underLoad(t *testing.T, do func(*testing.T)) {
	t.Helper()
	seen := reservations.Follow(t, c.config)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	requests := &reservations.Requests{}
	result := make(chan load.Outcome, 1)
	go func() {
		result <- load.Load{PerSecond: perSecond, Workers: 50, Request: requests.Make(t, c.config)}.Run(ctx)
	}()
	settle(t)
	began := time.Now()
	do(t)
	took := time.Since(began)
	settle(t)
	cancel()
	outcome := <-result
	t.Logf("%.1f s under load: %s", took.Seconds(), outcome)
	for _, failure := range outcome.Failures[:min(len(outcome.Failures), 10)] {
		t.Errorf("request %d, after %.2f s: %v", failure.Request, failure.At.Sub(began).Seconds(), failure.Err)
	}
	// How many a machine makes is not the subject, but a few would prove nothing.
	if want := int((took + 2*settling).Seconds() * perSecond / 2); outcome.Requests < want {
		t.Errorf("%d requests were made, want at least %d", outcome.Requests, want)
	}
	seen.Check(t, requests)
	seen.Stop() // Before the server is uninstalled.
}

// settle lets requests go on for a while.
func settle(t *testing.T) {
	t.Helper()
	select {
	case <-time.After(settling):
	case <-t.Context().Done():
	}
}

// kill kills all of capacity's processes on one node, and reads until all is well again.
func (c cluster) kill(t *testing.T, client versioned.Interface) {
	worker, killed := c.worker(t), 0
	for _, pod := range c.pods(t, "capacity") {
		if pod.Spec.NodeName == worker {
			killed++
		}
	}
	if killed == 0 || killed == 3 {
		t.Fatalf("%d of three replicas are on node %s: they are not spread", killed, worker)
	}
	before, err := client.CapacityV1().Reservations("default").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	result := make(chan load.Outcome, 1)
	go func() {
		result <- load.Load{PerSecond: perSecond, Workers: 50, Request: func(ctx context.Context, _ int) error {
			_, err := client.CapacityV1().Reservations("default").List(ctx, metav1.ListOptions{Limit: 10})
			return err
		}}.Run(ctx)
	}()
	settle(t)
	nodes, err := c.Nodes()
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for _, node := range nodes {
		if node.String() == worker {
			if err := node.CommandContext(t.Context(), "pkill", "--signal", "KILL", "--full", "^/capacity ").Run(); err != nil {
				t.Fatal(err)
			}
		}
	}
	step.Eventually(t.Context(), t, timeout, "the kubelet to start them again", func(context.Context) error {
		restarts, ready := int32(0), 0
		for _, pod := range c.pods(t, "capacity") {
			for _, status := range pod.Status.ContainerStatuses {
				restarts += status.RestartCount
				if status.Ready {
					ready++
				}
			}
		}
		if int(restarts) < killed || ready != 3 {
			return fmt.Errorf("%d restarts, and %d are ready", restarts, ready)
		}
		return nil
	})
	took := time.Since(began)
	settle(t)
	cancel()
	outcome := <-result
	last := time.Duration(0)
	for _, failure := range outcome.Failures {
		last = max(last, failure.At.Sub(began))
	}
	t.Logf("%d of three replicas were killed, and ready again after %.1f s: %s, the last of them begun %.2f s after the kill", killed, took.Seconds(), outcome, last.Seconds())
	if last > recovery {
		t.Errorf("a request that was begun %.1f s after the kill has failed, want none after %s: %v", last.Seconds(), recovery, outcome.Failures[len(outcome.Failures)-1].Err)
	}
	after, err := client.CapacityV1().Reservations("default").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(after.Items) != len(before.Items) || len(after.Items) == 0 {
		t.Errorf("there are %d objects, want the %d that there were", len(after.Items), len(before.Items))
	}
}

// uninstall takes servers out, with what they store, and then all namespaces that had to do with them.
func (c cluster) uninstall(t *testing.T, client versioned.Interface, servers ...string) {
	tenant := "tenant"
	c.run(t, "create", "namespace", tenant)
	if _, err := client.CapacityV1().Reservations(tenant).Create(t.Context(), &capacityv1.Reservation{
		ObjectMeta: metav1.ObjectMeta{Name: "last"}, Spec: capacityv1.ReservationSpec{SiteName: "ams-1", Slots: 1},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	for _, server := range servers {
		if err := uninstall.Run(ctx, c.config, uninstall.Options{
			Server: server, Namespace: deployment.DefaultNamespace, DeleteObjects: true, Progress: t.Output(),
		}); err != nil {
			t.Fatal(err)
		}
		step.Eventually(t.Context(), t, timeout, server+"'s Pods to be gone", func(context.Context) error {
			if pods := c.pods(t, server); len(pods) > 0 {
				return fmt.Errorf("there is pod %s", pods[0].Name)
			}
			return nil
		})
	}
	volumes, err := c.client.CoreV1().PersistentVolumeClaims(deployment.DefaultNamespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(volumes.Items) != 1 {
		t.Errorf("%d PersistentVolumeClaims are left, want topology's, which is kept", len(volumes.Items))
	}
	for _, namespace := range []string{tenant, deployment.DefaultNamespace} {
		began := time.Now()
		if err := c.client.CoreV1().Namespaces().Delete(t.Context(), namespace, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		step.Eventually(t.Context(), t, timeout, "namespace "+namespace+" to be gone", func(ctx context.Context) error {
			left, err := c.client.CoreV1().Namespaces().Get(ctx, namespace, metav1.GetOptions{})
			if apierrors.IsNotFound(err) {
				return nil
			}
			if err != nil {
				return err
			}
			return fmt.Errorf("it is %s: %v", left.Status.Phase, left.Status.Conditions)
		})
		t.Logf("namespace %s was gone after %.1f s", namespace, time.Since(began).Seconds())
	}
	if left := c.run(t, "get", "apiservices,clusterroles,clusterrolebindings,priorityclasses", "--output=name", "--selector=app.kubernetes.io/part-of=annex"); left != "" && !strings.HasPrefix(left, "No resources found") {
		t.Errorf("left behind: %s", left)
	}
}

// worker is the name of the node that is not the control plane's.
func (c cluster) worker(t *testing.T) string {
	t.Helper()
	nodes, err := c.client.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{LabelSelector: "!" + provider.ControlPlaneLabel})
	if err != nil {
		t.Fatal(err)
	}
	if len(nodes.Items) != 1 {
		t.Fatalf("there are %d workers, want one", len(nodes.Items))
	}
	return nodes.Items[0].Name
}

// pods are a server's.
func (c cluster) pods(t *testing.T, server string) []corev1.Pod {
	t.Helper()
	pods, err := c.client.CoreV1().Pods(deployment.DefaultNamespace).List(t.Context(), metav1.ListOptions{LabelSelector: deployment.NameLabel + "=" + server})
	if err != nil {
		t.Fatal(err)
	}
	return pods.Items
}

// expectImage waits until so many Pods, and no others, run an image whose reference ends so.
func (c cluster) expectImage(t *testing.T, server, suffix string, count int) {
	t.Helper()
	step.Eventually(t.Context(), t, timeout, "all Pods to run "+suffix, func(context.Context) error {
		pods := c.pods(t, server)
		for _, pod := range pods {
			if image := pod.Spec.Containers[0].Image; !strings.HasSuffix(image, suffix) {
				return fmt.Errorf("pod %s runs %s", pod.Name, image)
			}
		}
		if len(pods) != count {
			return fmt.Errorf("there are %d Pods", len(pods))
		}
		return nil
	})
}
