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

// claim is what a caller says of himself, in headers.
type claim struct {
	name    string
	headers func(user, group string) http.Header
	// acts is true where he also wants to act as somebody else, which is
	// refused to those who may not, in the name of whom they are.
	acts bool
}

// claims are the spellings. Names are sent as they stand here: the connections
// are HTTP/1.1.
var claims = []claim{
	{name: "as kube-apiserver writes them", headers: func(user, group string) http.Header {
		return http.Header{"X-Remote-User": {user}, "X-Remote-Group": {group, "system:authenticated"}, "X-Remote-Uid": {"0"}, "X-Remote-Extra-Impersonation": {"admin"}}
	}},
	{name: "in lower case", headers: func(user, group string) http.Header {
		return http.Header{"x-remote-user": {user}, "x-remote-group": {group}, "x-remote-uid": {"0"}, "x-remote-extra-scopes": {"all"}}
	}},
	{name: "in any case", headers: func(user, group string) http.Header {
		return http.Header{"X-REMOTE-USER": {user}, "x-ReMoTe-GrOuP": {group}, "X-REMOTE-UID": {"0"}, "X-REMOTE-EXTRA-SCOPES": {"all"}}
	}},
	{name: "more than once", headers: func(user, group string) http.Header {
		return http.Header{"X-Remote-User": {user, "root"}, "x-remote-user": {user}, "X-Remote-Group": {group, group}, "x-remote-group": {group}, "X-Remote-Uid": {"0", "1"}}
	}},
	{name: "with extra of many kinds", headers: func(user, group string) http.Header {
		return http.Header{
			"X-Remote-User": {user}, "X-Remote-Group": {group}, "X-Remote-Extra-": {"empty"}, "X-Remote-Extra-%61%2f%zz": {"escaped"},
			"X-Remote-Extra-Authentication.kubernetes.io%2Fpod-Name": {"kube-apiserver"}, "X-Remote-Extra-User": {user},
		}
	}},
	{name: "with impersonation", acts: true, headers: func(user, group string) http.Header {
		return http.Header{
			"X-Remote-User": {user}, "X-Remote-Group": {group},
			"Impersonate-User": {"admin"}, "Impersonate-Group": {"system:masters"}, "Impersonate-Uid": {"0"}, "Impersonate-Extra-Scopes": {"all"},
		}
	}},
}

// FrontProxy goes to the server's port past kube-apiserver, with headers that
// say the caller is an administrator, in every spelling. They count only on a
// connection with the front proxy's own certificate. Whom the server takes the
// caller for stands in its refusal.
func FrontProxy(server string, r conformance.Resource) *features.FeatureBuilder {
	var s step.Session
	f := features.New("X-Remote headers at the port of " + server).Setup(s.Open)
	// From the front proxy they are believed, else nothing below proves anything.
	for _, c := range []struct {
		name        string
		user, group string
		want        int
		text        string
	}{
		{"the front proxy about an administrator is believed", "admin", "system:masters", http.StatusOK, `"items":`},
		{"the front proxy about somebody who may nothing is believed", "mallory", "nobodies", http.StatusForbidden, `User \"mallory\"`},
	} {
		f.Assess(c.name, step.Do(func(ctx context.Context, t *testing.T) {
			exposed := framework.Need[framework.Exposed](ctx, t, server)
			for _, claim := range claims {
				if claim.acts {
					continue // kube-apiserver never asks so: it impersonates itself.
				}
				pair, err := exposed.FrontProxyCA().IssueClient(frontProxyName)
				expect(ctx, t, exposed, r, claim, pair, err, c.user, c.group, c.want, c.text)
			}
		}))
	}
	for _, c := range []struct {
		name string
		// certificate is what the caller presents, nil for none.
		certificate func(framework.Exposed) (*certs.Pair, error)
		// user is who he is all the same; empty for nobody, who is refused.
		user string
	}{
		{name: "without a certificate the caller is anonymous", user: "system:anonymous"},
		{
			name:        "a user of the cluster is himself",
			certificate: func(e framework.Exposed) (*certs.Pair, error) { return e.ClientCA().IssueClient("mallory", "nobodies") },
			user:        "mallory",
		},
		{
			name:        "a user of the cluster with the front proxy's name is a user",
			certificate: func(e framework.Exposed) (*certs.Pair, error) { return e.ClientCA().IssueClient(frontProxyName) },
			user:        frontProxyName,
		},
		{
			name: "the front proxy's CA with another name is refused",
			certificate: func(e framework.Exposed) (*certs.Pair, error) {
				return e.FrontProxyCA().IssueClient("not-the-front-proxy")
			},
		},
		{
			name:        "the front proxy's certificate of last year is refused",
			certificate: func(e framework.Exposed) (*certs.Pair, error) { return expired(e.FrontProxyCA()) },
		},
		{
			name: "the front proxy's CA with a server's certificate is refused",
			certificate: func(e framework.Exposed) (*certs.Pair, error) {
				return e.FrontProxyCA().IssueServer([]string{frontProxyName})
			},
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
		},
		{
			name: "a certificate that has signed itself is refused",
			certificate: func(framework.Exposed) (*certs.Pair, error) {
				own, err := certs.NewAuthority(frontProxyName, certs.Options{})
				if err != nil {
					return nil, err
				}
				key, err := own.KeyPEM()
				return &certs.Pair{CertificatePEM: own.CertificatePEM(), KeyPEM: key}, err
			},
		},
	} {
		f.Assess(c.name, step.Do(func(ctx context.Context, t *testing.T) {
			exposed := framework.Need[framework.Exposed](ctx, t, server)
			status, text := http.StatusForbidden, fmt.Sprintf(`User \"%s\"`, c.user)
			if c.user == "" {
				status, text = http.StatusUnauthorized, `"Unauthorized"`
			}
			for _, claim := range claims {
				var pair *certs.Pair
				var err error
				if c.certificate != nil {
					pair, err = c.certificate(exposed)
				}
				expect(ctx, t, exposed, r, claim, pair, err, "admin", "system:masters", status, text)
			}
		}))
	}
	return f
}

// expect makes a claim with a certificate, if any, and compares the answer.
func expect(ctx context.Context, t *testing.T, server framework.Exposed, r conformance.Resource, c claim, pair *certs.Pair, err error, user, group string, want int, text string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	path := fmt.Sprintf("/apis/%s/%s/%s", r.GVR.Group, r.GVR.Version, r.GVR.Resource)
	status, body := get(ctx, t, server, pair, path, c.headers(user, group))
	if status != want || !strings.Contains(body, text) {
		t.Errorf("headers %s: got status %d, want %d with %q:\n%s", c.name, status, want, text, body)
	}
}

// expired is the front proxy's certificate, of a year and a day ago.
func expired(authority *certs.Authority) (*certs.Pair, error) {
	key, err := authority.KeyPEM()
	if err != nil {
		return nil, err
	}
	past, err := certs.ParseAuthority(authority.CertificatePEM(), key, certs.Options{
		Now: func() time.Time { return time.Now().Add(-certs.DefaultValidity - 24*time.Hour) },
	})
	if err != nil {
		return nil, err
	}
	return past.IssueClient(frontProxyName)
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
