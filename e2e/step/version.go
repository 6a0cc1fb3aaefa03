package step

import (
	"context"
	"testing"

	"k8s.io/apimachinery/pkg/util/version"

	"example.com/annex/e2e/report"
	"example.com/annex/tools/controlplane/kubeversion"
)

// OlderThan says whether the cluster is older than a version of Kubernetes: "1.36".
func (c *Clients) OlderThan(t *testing.T, than string) bool {
	t.Helper()
	return c.version(t).LessThan(version.MustParseGeneric(than))
}

// Since skips t on a cluster that is older than a version of Kubernetes, in which something came: its name is for the reason.
func (c *Clients) Since(ctx context.Context, t *testing.T, since, what string) {
	t.Helper()
	if c.OlderThan(t, since) {
		report.Skip(ctx, t, "not on this cluster: it is of Kubernetes "+c.version(t).String()+", and "+what+" came with "+since)
	}
}

func (c *Clients) version(t *testing.T) *version.Version {
	t.Helper()
	info, err := c.Kubernetes.Discovery().ServerVersion()
	if err != nil {
		t.Fatalf("asking the cluster for its version: %v", err)
	}
	cluster, err := kubeversion.Of(info)
	if err != nil {
		t.Fatal(err)
	}
	return cluster
}
