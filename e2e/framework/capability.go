package framework

import (
	"context"
	"testing"

	"k8s.io/client-go/rest"

	"example.com/annex/e2e/report"
	"example.com/annex/shared/certs"
)

// Killable is an installation whose server a test may kill.
type Killable interface {
	Installation
	// Kill ends the server without warning (SIGKILL), and returns when it is
	// gone. Nothing starts it again but Restart.
	Kill(ctx context.Context) error
	// Restart starts a server that was killed, with the same address,
	// certificate and storage, and returns when it is ready.
	Restart(ctx context.Context) error
}

// Exposed is an installation whose server can be reached past kube-apiserver,
// in a cluster whose certificate authorities a test may use.
type Exposed interface {
	Installation
	// Direct is the server's address and authority, without credentials.
	Direct() *rest.Config
	// FrontProxyCA signs the certificate by which kube-apiserver, in the name
	// "front-proxy-client", is recognised as the front proxy.
	FrontProxyCA() *certs.Authority
	// ClientCA signs the certificates of the cluster's users.
	ClientCA() *certs.Authority
}

// Disposable is an installation in a cluster that was made for the run: a test
// may do there what everybody would suffer from.
type Disposable interface {
	Installation
	// Disposable does nothing but tell the two kinds of cluster apart.
	Disposable()
}

// Need returns the installation of the server with the name, as one that can do
// what T says. On a cluster where it can't, the test is skipped.
func Need[T Installation](ctx context.Context, t *testing.T, server string) T {
	t.Helper()
	installation, ok := ctx.Value(installationKey(server)).(Installation)
	if !ok {
		t.Fatalf("the suite did not install a server %q", server)
	}
	able, ok := installation.(T)
	if !ok {
		report.Skip(ctx, t, "not on this cluster: "+lack[T]())
	}
	return able
}

func lack[T Installation]() string {
	switch any((*T)(nil)).(type) {
	case *Killable:
		return "the server's process is not ours to kill"
	case *Exposed:
		return "the server's port can't be reached from here, or the cluster's CA keys are not ours"
	case *Disposable:
		return "others who use it would suffer"
	}
	return "the installation can't do what the test needs"
}

// installationKey is the context key of a server's installation, by name.
type installationKey string
