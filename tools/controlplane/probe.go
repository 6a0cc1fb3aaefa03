package controlplane

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"example.com/annex/shared/certs"
)

// probeTimeout bounds one probe of a server that accepts and does not answer.
const probeTimeout = 5 * time.Second

// probe returns a readiness check: GET url answers 200. The certificate's files
// may be empty, for a server that lets anyone ask.
func (c *ControlPlane) probe(url string, ca *certs.Authority, certificateFile, keyFile string) func(context.Context) error {
	config := &tls.Config{RootCAs: ca.Pool(), MinVersion: tls.VersionTLS12}
	if certificateFile != "" {
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			pair, err := tls.LoadX509KeyPair(certificateFile, keyFile)
			return &pair, err
		}
	}
	client := &http.Client{
		Timeout: probeTimeout,
		// One connection per probe: none is left open when the server stops.
		Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true},
	}
	return func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(io.LimitReader(response.Body, 4<<10))
		if err != nil {
			return fmt.Errorf("reading the answer of %s: %w", url, err)
		}
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answers %s: %s", url, response.Status, strings.TrimSpace(string(body)))
		}
		return nil
	}
}
