package extension

import (
	"context"

	"k8s.io/apimachinery/pkg/runtime"

	"example.com/annex/shared/deployment"
	"example.com/annex/tools/controlplane"
)

// Options say which server to add to which control plane.
type Options struct {
	// Plane is the control plane. Required.
	Plane *controlplane.ControlPlane

	// Installation is what the server serves, and where it is installed.
	// Required.
	Installation deployment.Installation

	// Program is the server's program file. Required.
	Program string

	// SelfCertificates leaves the certificates, and spec.caBundle, to the server (--certificates=self): there are no steps
	// IssueCertificates and StoreCertificates.
	SelfCertificates bool

	// Args are added to the server's flags, and win over those set here.
	Args []string

	// Storage are the flags that say where the server keeps its objects. Nil means Plane.EtcdFlags; they are left out for
	// a server that keeps none.
	Storage []string

	// Env is added to the environment.
	Env []string

	// Apply makes objects what they are given as; step names the Step that asks.
	// Nil means Plane.Apply.
	Apply func(ctx context.Context, step string, objects ...runtime.Object) error
}
