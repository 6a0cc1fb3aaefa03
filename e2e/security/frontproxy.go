package security

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/e2e-framework/pkg/features"

	"example.com/annex/e2e/conformance"
	"example.com/annex/e2e/framework"
	"example.com/annex/e2e/step"
	"example.com/annex/shared/certs"
)

// frontProxyName is the name in kube-apiserver's --requestheader-allowed-names,
// here as in clusters made with kubeadm.
const frontProxyName = "front-proxy-client"

// FrontProxy goes to the server's port past kube-apiserver, with headers that
// say the caller is an administrator. They count only on a connection with the
// front proxy's own certificate.
func FrontProxy(server string, r conformance.Resource) *features.FeatureBuilder {
	var s step.Session
	f := features.New("X-Remote headers at the port of " + server).Setup(s.Open)
	for _, c := range []struct {
		name string
		// certificate is what the caller presents, nil for none.
		certificate func(framework.Exposed) (*certs.Pair, error)
		// user and group are what the headers say.
		user, group string
		// want is the status, and text what the body must hold.
		want int
		text string
	}{
		{
			name:        "from the front proxy they are believed",
			certificate: func(e framework.Exposed) (*certs.Pair, error) { return e.FrontProxyCA().IssueClient(frontProxyName) },
			user:        "admin", group: "system:masters",
			want: http.StatusOK, text: `"items":`,
		},
		{
			name:        "from the front proxy, about somebody who may nothing",
			certificate: func(e framework.Exposed) (*certs.Pair, error) { return e.FrontProxyCA().IssueClient(frontProxyName) },
			user:        "mallory", group: "nobodies",
			want: http.StatusForbidden, text: `User \"mallory\"`,
		},
		{
			name: "without a certificate the caller is anonymous",
			user: "admin", group: "system:masters",
			want: http.StatusForbidden, text: `User \"system:anonymous\"`,
		},
		{
			name:        "a user of the cluster is himself",
			certificate: func(e framework.Exposed) (*certs.Pair, error) { return e.ClientCA().IssueClient("mallory", "nobodies") },
			user:        "admin", group: "system:masters",
			want: http.StatusForbidden, text: `User \"mallory\"`,
		},
		{
			name:        "a user of the cluster with the front proxy's name is a user",
			certificate: func(e framework.Exposed) (*certs.Pair, error) { return e.ClientCA().IssueClient(frontProxyName) },
			user:        "admin", group: "system:masters",
			want: http.StatusForbidden, text: `User \"` + frontProxyName + `\"`,
		},
		{
			name: "the front proxy's CA with another name is refused",
			certificate: func(e framework.Exposed) (*certs.Pair, error) {
				return e.FrontProxyCA().IssueClient("not-the-front-proxy")
			},
			user: "admin", group: "system:masters",
			want: http.StatusUnauthorized,
		},
		{
			name: "a certificate of the caller's own making is refused",
			certificate: func(framework.Exposed) (*certs.Pair, error) {
				own, err := certs.NewAuthority("front-proxy-ca", certs.Options{})
				if err != nil {
					return nil, err
				}
				return own.IssueClient(frontProxyName)
			},
			user: "admin", group: "system:masters",
			want: http.StatusUnauthorized,
		},
	} {
		f.Assess(c.name, step.Do(func(ctx context.Context, t *testing.T) {
			exposed := framework.Need[framework.Exposed](ctx, t, server)
			var pair *certs.Pair
			if c.certificate != nil {
				var err error
				if pair, err = c.certificate(exposed); err != nil {
					t.Fatal(err)
				}
			}
			path := fmt.Sprintf("/apis/%s/%s/%s", r.GVR.Group, r.GVR.Version, r.GVR.Resource)
			status, body := get(ctx, t, exposed, pair, path, http.Header{
				"X-Remote-User":                {c.user},
				"X-Remote-Group":               {c.group, "system:authenticated"},
				"X-Remote-Uid":                 {"0"},
				"X-Remote-Extra-Impersonation": {"admin"},
			})
			if status != c.want || !strings.Contains(body, c.text) {
				t.Errorf("got status %d, want %d with %q:\n%s", status, c.want, c.text, body)
			}
		}))
	}
	return f
}

// get asks the server's port, on a connection of its own.
func get(ctx context.Context, t *testing.T, server framework.Exposed, pair *certs.Pair, path string, headers http.Header) (int, string) {
	t.Helper()
	direct := server.Direct()
	config, err := rest.TLSConfigFor(direct)
	if err != nil {
		t.Fatalf("reading the server's authority: %v", err)
	}
	if pair != nil {
		certificate, err := pair.TLS()
		if err != nil {
			t.Fatal(err)
		}
		// Not Certificates: those are kept back when the server does not ask
		// for one of their issuer's.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &certificate, nil }
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, direct.Host+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header = headers
	transport := &http.Transport{TLSClientConfig: config}
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(request)
	if err != nil {
		t.Fatalf("asking %s: %v", direct.Host, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		t.Fatalf("reading the answer of %s: %v", direct.Host, err)
	}
	return response.StatusCode, string(body)
}
