package embedded_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"example.com/annex/shared/apiservertest"
)

// TestConnections sends to the server's own port what kube-apiserver would never send on.
func TestConnections(t *testing.T) {
	t.Parallel()
	server := apiservertest.Start(t, wardleDefinition(), cluster)
	for name, tc := range map[string]struct {
		sent  string
		plain bool
		// want is the status, 0 where the connection ends without an answer.
		want int
	}{
		"HTTP without TLS":           {"GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n", true, http.StatusBadRequest},
		"garbage without TLS":        {"\x00\x01\x02\x03\x04\x05", true, 0},
		"garbage":                    {"garbage\r\n\r\n", false, http.StatusBadRequest},
		"NUL bytes":                  {strings.Repeat("\x00", 100) + "\r\n\r\n", false, http.StatusBadRequest},
		"no host":                    {"GET /readyz HTTP/1.1\r\n\r\n", false, http.StatusBadRequest},
		"a version to come":          {"GET /readyz HTTP/9.9\r\nHost: a\r\n\r\n", false, http.StatusHTTPVersionNotSupported},
		"two lengths":                {"POST /apis HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", false, http.StatusBadRequest},
		"a negative length":          {"POST /apis HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", false, http.StatusBadRequest},
		"an unknown coding":          {"POST /apis HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: bogus\r\n\r\n", false, http.StatusNotImplemented},
		"a header with a blank":      {"GET /readyz HTTP/1.1\r\nHost: a\r\nA B: c\r\n\r\n", false, http.StatusBadRequest},
		"a header of more than 1 MB": {"GET /readyz HTTP/1.1\r\nHost: a\r\nA: " + strings.Repeat("b", 2<<20) + "\r\n\r\n", false, http.StatusRequestHeaderFieldsTooLarge},
		"many headers":               {"GET /readyz HTTP/1.1\r\nHost: a\r\n" + strings.Repeat("A: b\r\n", 400000) + "\r\n", false, http.StatusRequestHeaderFieldsTooLarge},
		"a URL of more than 1 MB":    {"GET /" + strings.Repeat("a", 2<<20) + " HTTP/1.1\r\nHost: a\r\n\r\n", false, http.StatusRequestHeaderFieldsTooLarge},
		"a URL with a bad escape":    {"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", false, http.StatusBadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			status, err := converse(server.Config, tc.plain, tc.sent)
			if err != nil || status != tc.want {
				t.Errorf("got status %d, %v; want %d", status, err, tc.want)
			}
		})
	}
	client, err := rest.HTTPClientFor(server.Config)
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, "it is ready still", client, server.Config.Host+"/readyz", func(status int, _ string) bool { return status == http.StatusOK })
}

// converse writes to a connection, and reads the status of what comes back: 0 when nothing does.
func converse(config *rest.Config, plain bool, text string) (int, error) {
	host, err := url.Parse(config.Host)
	if err != nil {
		return 0, err
	}
	connection, err := net.DialTimeout("tcp", host.Host, time.Minute)
	if err != nil {
		return 0, err
	}
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return 0, err
	}
	if !plain {
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(config.CAData) {
			return 0, errors.New("the configuration has no CA")
		}
		connection = tls.Client(connection, &tls.Config{RootCAs: roots, ServerName: config.ServerName, MinVersion: tls.VersionTLS12})
	}
	// The server may answer, and close, before it has read all. Then writing fails, and the answer is what counts.
	written := make(chan error, 1)
	go func() {
		_, err := io.WriteString(connection, text)
		written <- err
	}()
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() {
			return 0, fmt.Errorf("no answer and no end: %w", errors.Join(err, <-written))
		}
		return 0, nil
	}
	defer response.Body.Close()
	return response.StatusCode, nil
}
