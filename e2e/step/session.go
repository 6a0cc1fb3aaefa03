package step

import (
	"context"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/e2e-framework/pkg/envconf"

	"example.com/annex/e2e/trace"
)

// Session is what the steps of one feature share. The zero value is filled by
// [Session.Open].
type Session struct {
	// Clients are the cluster administrator's.
	*Clients
	// Kubeconfig is the file that names the cluster and its administrator, and
	// Context the one of its contexts to use, empty for the current one.
	Kubeconfig, Context string
	// Namespace is the feature's own. It is deleted when the feature ends, or with [Namespaces].
	Namespace string
	// KubectlCache is a directory in which kubectl keeps what it learns of the cluster from one call to the next. Empty, the zero
	// value, means that each call asks anew.
	KubectlCache string

	// trace remembers what the clients of the session ask, and kubectl.
	trace *trace.Trace
}

// RunKey is the context key of a name for the whole run (a string, valid as the
// value of a label). The namespaces made in it have it as the label [RunLabel].
type RunKey struct{}

// RunLabel is the label that tells the namespaces of one run from those of
// another.
const RunLabel = "annex-e2e-run"

// Open is the Setup of a feature.
func (s *Session) Open(ctx context.Context, t *testing.T, cfg *envconf.Config) context.Context {
	t.Helper()
	client, err := cfg.NewClient()
	if err != nil {
		t.Fatalf("reading the kubeconfig %s: %v", cfg.KubeconfigFile(), err)
	}
	config := rest.CopyConfig(client.RESTConfig())
	s.trace = trace.FromContext(ctx)
	config.Wrap(s.trace.Wrap)
	s.Clients, err = NewClients(config)
	if err != nil {
		t.Fatal(err)
	}
	s.Kubeconfig, s.Context = cfg.KubeconfigFile(), cfg.KubeContext()
	s.Namespace = s.NewNamespace(ctx, t)
	return ctx
}

// NewNamespace creates a namespace with a name of its own and returns the name.
// The namespace is deleted, without waiting for its end, when t ends, or with
// the [Namespaces] of the context.
func (s *Session) NewNamespace(ctx context.Context, t *testing.T) string {
	t.Helper()
	labels := map[string]string{"app.kubernetes.io/managed-by": "annex-e2e"}
	if run, ok := ctx.Value(RunKey{}).(string); ok {
		labels[RunLabel] = run
	}
	ns, err := s.Kubernetes.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "e2e-", Labels: labels},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatalf("creating a namespace for the feature: %v", err)
	}
	if together, ok := ctx.Value(NamespacesKey{}).(*Namespaces); ok {
		together.add(s.Kubernetes, ns.Name)
		return ns.Name
	}
	t.Cleanup(func() {
		ctx, cancel := CleanupContext(ctx)
		defer cancel()
		// Nothing to report: the feature may have deleted it, and a cluster
		// that can't answer has failed the feature already.
		_ = s.Kubernetes.CoreV1().Namespaces().Delete(ctx, ns.Name, metav1.DeleteOptions{})
	})
	return ns.Name
}

// As returns the clients of a user, in the groups given and in
// system:authenticated, by impersonation: kube-apiserver hands the identity on
// to our servers as it does one that it has authenticated itself.
func (s *Session) As(t *testing.T, user string, groups ...string) *Clients {
	t.Helper()
	config := rest.CopyConfig(s.Config)
	config.Impersonate = rest.ImpersonationConfig{UserName: user, Groups: append(groups, "system:authenticated")}
	return connect(t, config)
}

// WithToken returns the clients of whoever holds the bearer token.
func (s *Session) WithToken(t *testing.T, token string) *Clients {
	t.Helper()
	config := s.anonymous()
	config.BearerToken = token
	return connect(t, config)
}

// Anonymous returns the clients of somebody without credentials.
func (s *Session) Anonymous(t *testing.T) *Clients {
	t.Helper()
	return connect(t, s.anonymous())
}

// anonymous is how to reach the cluster without credentials. The transport of
// the administrator's clients may add some, so that it is not taken over.
func (s *Session) anonymous() *rest.Config {
	config := rest.AnonymousClientConfig(s.Config)
	config.Wrap(s.trace.Wrap)
	return config
}

func connect(t *testing.T, config *rest.Config) *Clients {
	t.Helper()
	clients, err := NewClients(config)
	if err != nil {
		t.Fatal(err)
	}
	return clients
}

// CleanupContext returns a context for cleaning up after a test: it has ten
// seconds, also when ctx has ended.
func CleanupContext(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
}
