package push

import (
	"fmt"
	"net"
	"net/http"
)

// TLSOnly keeps requests, and with them passwords, from being sent in the clear. go-containerregistry tries plain HTTP where
// TLS fails and the registry's address is a private one; here only loopback may be spoken to so.
func TLSOnly(inner http.RoundTripper) http.RoundTripper { return tlsOnly{inner} }

type tlsOnly struct{ inner http.RoundTripper }

func (t tlsOnly) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.URL.Scheme == "http" && !loopback(request.URL.Hostname()) {
		return nil, fmt.Errorf("%s is not spoken to without TLS unless that is wanted: --plain-http", request.URL.Host)
	}
	return t.inner.RoundTrip(request)
}

func loopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}
