package security_test

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"example.com/annex/servers/capacity/definition"
	"example.com/annex/shared/certs"
	"example.com/annex/shared/deployment"
	"example.com/annex/tools/controlplane"
	"example.com/annex/tools/controlplane/controlplanetest"
	"example.com/annex/tools/controlplane/extension"
	"example.com/annex/tools/controlplane/extension/extensiontest"
)

// Without the control plane's programs the tests fail.
func TestMain(m *testing.M) { os.Exit(extensiontest.Main(m, definition.New())) }

const (
	// reservations are what callers ask for.
	reservations = "/apis/capacity.example.com/v1/namespaces/default/reservations"

	// frontProxyName is kube-apiserver's --requestheader-allowed-names.
	frontProxyName = "front-proxy-client"
)

// cluster is a control plane with a server in it.
type cluster struct {
	*controlplane.ControlPlane
	server     *extension.Extension
	kubernetes kubernetes.Interface
}

func start(t *testing.T, args ...string) *cluster {
	t.Helper()
	plane := controlplanetest.Start(t, controlplane.Options{})
	server := extensiontest.New(t, extension.Options{
		Plane:        plane,
		Installation: deployment.Installation{Definition: definition.New()},
		// There is no topology here, and sites are not the subject.
		Args: append(args, "--disable-admission-plugins=SiteCheck"),
	})
	if err := server.Install(t.Context()); err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(plane.RESTConfig())
	if err != nil {
		t.Fatal(err)
	}
	return &cluster{plane, server, client}
}

// allow lets a subject read and create reservations in the namespace default.
func (c *cluster) allow(t *testing.T, subject rbacv1.Subject) {
	t.Helper()
	_, err := c.kubernetes.RbacV1().Roles("default").Create(t.Context(), &rbacv1.Role{
		ObjectMeta: metav1.ObjectMeta{Name: "reserve"},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{"capacity.example.com"}, Resources: []string{"reservations"}, Verbs: []string{"get", "list", "create"}}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.kubernetes.RbacV1().RoleBindings("default").Create(t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "reserve"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "reserve"},
		Subjects:   []rbacv1.Subject{subject},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

// answer is what the server itself said.
type answer struct {
	status int
	body   string
	err    error
	took   time.Duration
}

// request is one to the server itself, past kube-apiserver.
type request struct {
	method, path, body string
	// pair is the client's certificate, or nil; token its bearer token, or empty.
	pair    *certs.Pair
	token   string
	headers http.Header
}

// ask asks the server on a connection of its own, and waits for as long as the context lasts.
func (c *cluster) ask(ctx context.Context, r request) answer {
	began := time.Now()
	status, body, err := c.send(ctx, r)
	return answer{status, body, err, time.Since(began)}
}

func (c *cluster) send(ctx context.Context, r request) (int, string, error) {
	direct := c.server.Direct()
	config, err := rest.TLSConfigFor(direct)
	if err != nil {
		return 0, "", err
	}
	if r.pair != nil {
		certificate, err := r.pair.TLS()
		if err != nil {
			return 0, "", err
		}
		// Not Certificates: those are kept back when the server does not ask for one of their issuer's.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &certificate, nil }
	}
	var body io.Reader
	if r.body != "" {
		body = strings.NewReader(r.body)
	}
	sent, err := http.NewRequestWithContext(ctx, r.method, direct.Host+r.path, body)
	if err != nil {
		return 0, "", err
	}
	if r.headers != nil {
		sent.Header = r.headers
	}
	sent.Header.Set("Content-Type", "application/json")
	if r.token != "" {
		sent.Header.Set("Authorization", "Bearer "+r.token)
	}
	transport := &http.Transport{TLSClientConfig: config}
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(sent)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	return response.StatusCode, string(content), err
}

// serviceAccount makes one, and a token of it.
func (c *cluster) serviceAccount(t *testing.T, name string) string {
	t.Helper()
	if _, err := c.kubernetes.CoreV1().ServiceAccounts("default").Create(t.Context(), &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	token, err := c.kubernetes.CoreV1().ServiceAccounts("default").CreateToken(t.Context(), name, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return token.Status.Token
}
