package blastradius_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	apiregistration "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	aggregator "k8s.io/kube-aggregator/pkg/client/clientset_generated/clientset"

	"example.com/annex/e2e/blastradius"
	"example.com/annex/e2e/fault"
	"example.com/annex/e2e/framework"
	"example.com/annex/e2e/step"
	"example.com/annex/servers/topology/definition"
	"example.com/annex/shared/deployment"
	"example.com/annex/tools/annex/uninstall"
	"example.com/annex/tools/controlplane"
	"example.com/annex/tools/controlplane/controlplanetest"
	"example.com/annex/tools/controlplane/extension"
	"example.com/annex/tools/controlplane/process"
)

// conditionTimeout is twice the time after which kube-apiserver looks at an APIService by itself.
const conditionTimeout = time.Minute

// cluster is a control plane with one server, which can be made worse.
type cluster struct {
	blastradius.Cluster
	plane       *controlplane.ControlPlane
	controllers *process.Process // kube-controller-manager
	aggregator  aggregator.Interface
	server      *extension.Extension
	proxy       *fault.Proxy
}

func newCluster(t *testing.T) *cluster {
	plane := controlplanetest.Start(t, controlplane.Options{})
	binaries, err := controlplane.FindBinaries()
	if err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(plane.RESTConfig())
	if err != nil {
		t.Fatal(err)
	}
	services, err := aggregator.NewForConfig(plane.RESTConfig())
	if err != nil {
		t.Fatal(err)
	}
	server := framework.Server{Definition: definition.New(), Package: "servers/topology"}
	program, err := server.Program(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	e, err := extension.New(extension.Options{Plane: plane, Installation: deployment.Installation{Definition: server.Definition}, Program: program})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	c := &cluster{
		Cluster:    blastradius.Cluster{Client: client, Kubectl: binaries.Kubectl, Kubeconfig: plane.Kubeconfig(), TempDir: t.TempDir},
		plane:      plane,
		aggregator: services,
		server:     e,
	}
	for _, p := range plane.Processes() {
		if p.Name() == "kube-controller-manager" {
			c.controllers = p
		}
	}
	if c.controllers == nil {
		t.Fatal("the control plane has no kube-controller-manager")
	}
	return c
}

// interpose leads kube-apiserver to the server through a proxy.
func (c *cluster) interpose(t *testing.T) {
	t.Helper()
	direct, err := url.Parse(c.server.Direct().Host)
	if err != nil {
		t.Fatal(err)
	}
	if c.proxy, err = fault.NewProxy(direct.Host); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.proxy.Close(); err != nil {
			t.Error(err)
		}
	})
	patch, err := json.Marshal(map[string]any{"spec": map[string]any{"service": map[string]any{"port": c.proxy.Port()}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range c.server.APIServices() {
		if _, err := c.aggregator.ApiregistrationV1().APIServices().Patch(t.Context(), name, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
			t.Fatal(err)
		}
	}
}

// awaitAvailable waits until kube-apiserver has noticed how the server is.
func (c *cluster) awaitAvailable(t *testing.T, want apiregistration.ConditionStatus) {
	t.Helper()
	step.Eventually(t.Context(), t, conditionTimeout, "the APIServices to be Available="+string(want), func(ctx context.Context) error {
		for _, name := range c.server.APIServices() {
			condition, err := extension.Condition(ctx, c.aggregator, name)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			if condition.Status != want {
				return fmt.Errorf("%s: %s: %s", name, condition.Reason, condition.Message)
			}
		}
		return nil
	})
}

// awaitPublished waits until all is well again: the APIServices are Available, and kube-apiserver's own discovery document has
// no stale versions, which it looks at once a minute.
func (c *cluster) awaitPublished(t *testing.T) {
	t.Helper()
	c.awaitAvailable(t, apiregistration.ConditionTrue)
	step.Eventually(t.Context(), t, 2*time.Minute, "discovery of the API", func(ctx context.Context) error {
		return extension.Published(ctx, c.Client.Discovery().RESTClient(), definition.New().GroupVersions()...)
	})
}

// restartControllers starts kube-controller-manager anew, as an upgrade or a lost lease does.
func (c *cluster) restartControllers(t *testing.T) {
	t.Helper()
	if err := c.controllers.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	again, err := process.Start(t.Context(), c.controllers.Command())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := again.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if err := again.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.controllers = again
}

// deletion is what must become of the deletion of namespaces.
type deletion int

const (
	goesOn deletion = iota
	// untilNoticed: kube-apiserver notices within a minute or so that the server is not well. Until then it goes on.
	untilNoticed
	stuck
)

// TestBlastRadius measures one state after the other, on one cluster. What must hold in each is an assertion; the rest is in
// the table.
func TestBlastRadius(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	var measured []blastradius.Measurement
	t.Cleanup(func() {
		if err := blastradius.Print(os.Stdout, measured); err != nil {
			t.Error(err)
		}
	})
	measure := func(state string, deletion deletion) {
		t.Helper()
		m := blastradius.Measure(t.Context(), state, &c.Cluster)
		measured = append(measured, m)
		for name, err := range m.Failed {
			// Namespaces get stuck for this reason only.
			known := name == "namespace" && deletion != goesOn && strings.Contains(err.Error(), string(corev1.NamespaceDeletionDiscoveryFailure))
			if !known {
				t.Errorf("%s: %s: %v", state, name, err)
			}
		}
		if took, ok := m.Took["namespace"]; ok && deletion == stuck {
			t.Errorf("%s: a namespace was deleted in %s; docs/blast-radius.md says that it is stuck", state, took)
		}
	}

	measure("not installed", goesOn)
	if err := c.server.Install(t.Context()); err != nil {
		t.Fatal(err)
	}
	measure("up", goesOn)
	c.interpose(t)
	c.awaitPublished(t)
	c.proxy.Delay(time.Second)
	measure("answers after 1 s", goesOn)
	c.proxy.Delay(10 * time.Second)
	measure("answers after 10 s", untilNoticed)
	c.awaitAvailable(t, apiregistration.ConditionFalse)
	measure("answers after 10 s, noticed", stuck)
	c.proxy.Delay(0)
	c.awaitPublished(t)
	if err := syscall.Kill(c.server.Server().Pid(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	measure("hung", untilNoticed)
	c.awaitAvailable(t, apiregistration.ConditionFalse)
	measure("hung, noticed", stuck)
	c.restartControllers(t)
	measure("hung, controllers restarted", stuck)
	// It is not woken up first: kube-apiserver might find it well again.
	if err := c.server.Kill(); err != nil {
		t.Fatal(err)
	}
	measure("down", stuck)
	c.restartControllers(t)
	measure("down, controllers restarted", stuck)

	var said strings.Builder
	err := uninstall.Run(t.Context(), c.plane.RESTConfig(), uninstall.Options{Server: c.server.Name(), Namespace: c.server.Namespace(), Progress: &said})
	if err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	measure("uninstalled", goesOn)
	namespaces, err := c.Client.CoreV1().Namespaces().List(t.Context(), metav1.ListOptions{FieldSelector: "status.phase=Terminating"})
	if err != nil {
		t.Fatal(err)
	}
	for _, stuck := range namespaces.Items {
		started := time.Now()
		if err := c.DeleteNamespace(t.Context(), stuck.Name); err != nil {
			t.Errorf("after uninstalling, a namespace that was stuck still is: %v", err)
			continue
		}
		t.Logf("namespace %s was gone %.1f s after uninstalling", stuck.Name, time.Since(started).Seconds())
	}
}
