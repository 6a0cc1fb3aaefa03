package step

import (
	"context"
	"testing"

	"k8s.io/apimachinery/pkg/util/version"

	"example.com/annex/e2e/report"
)

// OlderThan says whether the cluster is older than a version of Kubernetes: "1.36".
func (c *Clients) OlderThan(t *testing.T, than string) bool {
	t.Helper()
	cluster := c.version(t)
	// A pre-release has what its release will have.
	return version.MajorMinor(cluster.Major(), cluster.Minor()).LessThan(version.MustParseGeneric(than))
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
	cluster, err := version.ParseSemantic(info.GitVersion)
	if err != nil {
		t.Fatalf("reading the version of the cluster: %v", err)
	}
	return cluster
}
