package doctor_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"example.com/annex/shared/certs"
	"example.com/annex/tools/annex/doctor"
)

// faults are those of servers, which ours have not: something stands before one, and answers in its stead.
func faults() []breakage {
	fail := func(path string, status int, body string) func(*testing.T, *world, *server) {
		return func(t *testing.T, w *world, s *server) { w.stand(t, s, path, status, body) }
	}
	return []breakage{
		{
			name: "not ready", server: "insight", inflict: fail("/readyz", http.StatusInternalServerError, "[+]ping ok\n[-]etcd failed: reason withheld\n"),
			wrong: doctor.LinkReady, detail: "[-]etcd failed: reason withheld",
		},
		{
			name: "no discovery", server: "insight", inflict: fail("/apis", http.StatusOK, `{"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","metadata":{},"items":[]}`),
			wrong: doctor.LinkDiscovery, detail: "has not all resources of insight.example.com/v1",
		},
		{
			name: "no OpenAPI", server: "insight", inflict: fail("/openapi/", http.StatusNotFound, "404 page not found"),
			wrong: doctor.LinkOpenAPIV2, detail: "/openapi/v2 has no path under /apis/insight.example.com/v1/",
			symptoms: []symptom{{`error: couldn't find resource for "GROUP/VERSION, Resource=RESOURCE"`, fromKubectl("explain", "siteusages")}},
		},
		{
			name: "lists fail", server: "insight", inflict: fail("/apis/insight.example.com/v1/siteusages", http.StatusInternalServerError, "broken"),
			wrong: doctor.LinkLists, detail: "listing siteusages",
		},
	}
}

// stand puts a server before another, that answers some requests itself: those for a path, or all below it if it ends with a slash.
func (w *world) stand(t *testing.T, s *server, path string, status int, body string) {
	t.Helper()
	target, err := url.Parse(s.Direct().Host)
	if err != nil {
		t.Fatal(err)
	}
	// It passes on who asks, as kube-apiserver does.
	pair, err := w.plane.FrontProxyCA().IssueClient("front-proxy-client")
	if err != nil {
		t.Fatal(err)
	}
	client, err := pair.TLS()
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(s.bundle)
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport: &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots, ServerName: s.ServerName(), Certificates: []tls.Certificate{client}}},
	}
	front := httptest.NewUnstartedServer(http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		if request.URL.Path == path || strings.HasSuffix(path, "/") && strings.HasPrefix(request.URL.Path, path) {
			if strings.HasPrefix(body, "{") {
				answer.Header().Set("Content-Type", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")
			}
			answer.WriteHeader(status)
			_, _ = io.WriteString(answer, body) // Who asks sees that it failed.
			return
		}
		proxy.ServeHTTP(answer, request)
	}))
	if err := front.Listener.Close(); err != nil {
		t.Fatal(err)
	}
	if front.Listener, err = net.Listen("tcp", w.plane.BindAddress()+":0"); err != nil {
		t.Fatal(err)
	}
	other := authority(t, certs.Options{})
	serving, err := other.IssueServer(certs.ServiceNames(s.Name(), namespace, ""))
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := serving.TLS()
	if err != nil {
		t.Fatal(err)
	}
	front.TLS = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{certificate}}
	front.StartTLS()
	t.Cleanup(func() {
		front.CloseClientConnections()
		front.Close()
	})

	// kube-apiserver has to forget what it knows of the API.
	w.must(t, "delete", "apiservice", s.apiService())
	w.byHand(t, s)
	w.apply(t, slice(s, w.plane.BindAddress(), front.Listener.Addr().(*net.TCPAddr).Port, true))
	w.apply(t, s.installation.APIServices(other.CertificatePEM())...)
}
