package controlplane

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/client-go/discovery"

	"example.com/annex/tools/controlplane/kubeversion"
)

// gates are feature gates of servers that are built with the present k8s.io/apiserver, and need of kube-apiserver what it has since
// a version of Kubernetes. Without it a server waits for an informer forever, and is never ready.
var gates = []struct{ name, since string }{
	{"MutatingAdmissionPolicy", "1.36"}, // mutatingadmissionpolicies.v1.admissionregistration.k8s.io (KEP-3962).
}

// readVersion asks kube-apiserver which version it is of.
func (c *ControlPlane) readVersion(ctx context.Context) error {
	client, err := discovery.NewDiscoveryClientForConfig(c.admin)
	if err != nil {
		return fmt.Errorf("asking kube-apiserver for its version: %w", err)
	}
	info, err := client.ServerVersionWithContext(ctx)
	if err != nil {
		return fmt.Errorf("asking kube-apiserver for its version: %w", err)
	}
	c.version, err = kubeversion.Of(info)
	return err
}

// Version is that of the running kube-apiserver, without its patch: 1.37.
func (c *ControlPlane) Version() *version.Version { return c.version }

// VersionFlags are the flags with which an aggregated API server goes without what this version of Kubernetes does not have yet.
// There are none for the version whose libraries servers are built with.
func (c *ControlPlane) VersionFlags() []string {
	var flags []string
	for _, gate := range gates {
		if c.version.LessThan(version.MustParseGeneric(gate.since)) {
			flags = append(flags, "--feature-gates="+gate.name+"=false")
		}
	}
	return flags
}
