package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// checkReady asks the server whether it is ready, as a kubelet does: without saying who asks.
func checkReady(ctx context.Context, s *Subject) Finding {
	var status int
	var body string
	var err error
	switch {
	case s.served != nil && len(s.apiService.Spec.CABundle) == 0:
		return notChecked("because there is no caBundle to verify the server with")
	case s.served != nil:
		status, body, err = s.get(ctx, "/readyz")
		if err != nil {
			return wrong("asking %s for /readyz: %v", s.address, err).advise("look into the server's log")
		}
	case s.proxied:
		if body, err = s.throughProxy(ctx, "/readyz"); err == nil {
			status = http.StatusOK
		} else if status = http.StatusInternalServerError; !strings.Contains(body, "[-]") {
			return notChecked("the server does not say, through kube-apiserver's service proxy: %v", err)
		}
	default:
		return notChecked("the server can't be reached from here")
	}
	switch {
	case status == http.StatusOK:
		return right("/readyz says ok")
	case strings.Contains(body, "[-]"):
		return wrong("not ready: %s", failedChecks(body)).
			advise("the server's log says more; if it is access, which right it lacks, and the rule to add")
	}
	return notChecked("/readyz of the server answers %d to one who does not say who he is", status)
}

// failedChecks are the lines of /readyz about what fails.
func failedChecks(body string) string {
	var failed []string
	for line := range strings.Lines(body) {
		if strings.HasPrefix(line, "[-]") {
			failed = append(failed, strings.TrimSpace(line))
		}
	}
	return strings.Join(failed, "; ")
}

// get asks the server itself, which is verified as kube-apiserver would.
func (s *Subject) get(ctx context.Context, path string) (int, string, error) {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(s.apiService.Spec.CABundle)
	client := &http.Client{Timeout: s.Timeout, Transport: &http.Transport{
		TLSClientConfig:   &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots, ServerName: s.serverName()},
		DisableKeepAlives: true,
	}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("https://%s%s", s.address, path), nil)
	if err != nil {
		return 0, "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	return response.StatusCode, string(body), err
}
