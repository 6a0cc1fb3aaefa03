package kind_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"example.com/annex/deploy"
	"example.com/annex/e2e/framework"
	provider "example.com/annex/e2e/framework/kind"
	"example.com/annex/shared/deployment"
	"example.com/annex/tools/controlplane"
	"example.com/annex/tools/deploy/apply"
	"example.com/annex/tools/deploy/manifests"
	"example.com/annex/tools/kind"
)

var (
	site *kind.Site
	// unavailable is why there is no site.
	unavailable string
)

// On another cluster there is nothing to see: the tests are skipped, unless $ANNEX_CLUSTER is kind.
func TestMain(m *testing.M) {
	flag.Parse()
	switch wanted := os.Getenv(framework.ClusterVariable); {
	case testing.Short():
		unavailable = "-short was given"
	case wanted != "kind":
		unavailable = fmt.Sprintf("not on this cluster: it takes nodes; set %s=kind", framework.ClusterVariable)
	}
	if unavailable != "" {
		os.Exit(m.Run())
	}
	status, err := kind.Run(os.Stdout, func(s *kind.Site) int {
		site = s
		return m.Run()
	})
	if errors.Is(err, kind.ErrRefused) {
		unavailable = err.Error()
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(status)
}

// timeout is how long anything may take to come to pass: a rollout of three replicas with a shutdown delay each takes longest.
const timeout = 5 * time.Minute

// cluster is one of two nodes.
type cluster struct {
	*provider.Provider
	config  *rest.Config
	client  kubernetes.Interface
	kubectl string
}

// start makes a cluster that is gone when the test ends.
func start(t *testing.T) cluster {
	t.Helper()
	if unavailable != "" {
		t.Skip(unavailable)
	}
	binaries, err := controlplane.FindBinaries()
	if err != nil {
		t.Fatal(err)
	}
	c := cluster{Provider: provider.New(provider.Options{Site: site, Workers: 1, Log: t.Output()}), kubectl: binaries.Kubectl}
	c.WithName("deployment")
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
		defer cancel()
		if t.Failed() {
			if err := c.ExportLogs(ctx, t.ArtifactDir()); err != nil {
				t.Error(err)
			}
		}
		if err := c.Destroy(ctx); err != nil {
			t.Error(err)
		}
	})
	if _, err := c.Create(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.WaitForControlPlane(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	c.config = c.KubernetesRestConfig()
	c.config.QPS = -1
	if c.client, err = kubernetes.NewForConfig(c.config); err != nil {
		t.Fatal(err)
	}
	return c
}

// load brings a server's program into the nodes, under each of the tags.
func (c cluster) load(t *testing.T, server string, tags ...string) {
	t.Helper()
	program, err := framework.Program(t.Context(), server, path.Join("servers", server), t.TempDir(), "CGO_ENABLED=0")
	if err != nil {
		t.Fatal(err)
	}
	for _, tag := range tags {
		if err := c.LoadProgram(program, server, path.Join(deployment.ImagePrefix, server)+":"+tag); err != nil {
			t.Fatal(err)
		}
	}
}

// deploy applies a server's overlay, as tools/deploy does, and returns when it is rolled out and Available.
func (c cluster) deploy(t *testing.T, options manifests.Options) {
	t.Helper()
	objects, err := manifests.Render(deploy.Files, options)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	if err := apply.Run(ctx, c.config, objects, apply.Options{Wait: true, Progress: t.Output()}); err != nil {
		t.Fatal(err)
	}
}

// run runs kubectl, and returns what it prints.
func (c cluster) run(t *testing.T, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.kubectl, append([]string{"--kubeconfig=" + c.GetKubeconfig()}, args...)...)
	output, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, output)
	}
	return strings.TrimSpace(string(output))
}
