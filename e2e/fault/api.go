package fault

import (
	"bufio"
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"

	"k8s.io/client-go/rest"
)

// API is a kube-apiserver with a fault: it passes on requests to a real one, changed, and the answers, changed. Who asks stays who it
// is, if it says so with a bearer token.
type API struct {
	// Request changes a request, where it is not nil. A response that it returns is the answer.
	Request func(*http.Request) *http.Response
	// Line drops a line of an answer, as those of a watch are, where it is not nil and returns true.
	Line func(request *http.Request, line []byte) (drop bool)

	server *httptest.Server
}

// Start listens on a free port of loopback, in front of the kube-apiserver of config. Close it.
func (a *API) Start(config *rest.Config) error {
	target, _, err := rest.DefaultServerUrlFor(config)
	if err != nil {
		return fmt.Errorf("putting a fault before %s: %w", config.Host, err)
	}
	transport, err := rest.TransportFor(rest.AnonymousClientConfig(config))
	if err != nil {
		return fmt.Errorf("putting a fault before %s: %w", config.Host, err)
	}
	a.server = httptest.NewUnstartedServer(a.handler(target, transport))
	a.server.StartTLS() // Without TLS, clients would not say who they are.
	return nil
}

// URL is where it listens.
func (a *API) URL() string { return a.server.URL }

// CA is the certificate to verify it with, in PEM.
func (a *API) CA() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.server.Certificate().Raw})
}

// Close ends all connections.
func (a *API) Close() {
	a.server.CloseClientConnections() // Watches would go on.
	a.server.Close()
}

func (a *API) handler(target *url.URL, transport http.RoundTripper) http.Handler {
	return &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport:     faulty{a, transport},
		FlushInterval: -1, // At once: watches.
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			if !errors.Is(err, context.Canceled) {
				http.Error(w, err.Error(), http.StatusBadGateway)
			}
		},
	}
}

// faulty is the transport to the real kube-apiserver.
type faulty struct {
	*API
	next http.RoundTripper
}

func (f faulty) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Body == nil {
		request.Body = http.NoBody
	}
	if f.Request != nil {
		if response := f.Request(request); response != nil {
			return response, nil
		}
	}
	if f.Line != nil {
		request.Header.Del("Accept-Encoding") // Lines are to be seen.
	}
	// The whole body: where a connection ends (kube-apiserver's --goaway-chance), a request can be sent again only with it.
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	SetBody(request, body)
	response, err := f.next.RoundTrip(request)
	if err == nil && f.Line != nil {
		response.Body = f.without(request, response.Body)
		response.ContentLength = -1
		response.Header.Del("Content-Length")
	}
	return response, err
}

// without is a body without the lines that are dropped.
func (f faulty) without(request *http.Request, body io.ReadCloser) io.ReadCloser {
	read, write := io.Pipe()
	go func() {
		lines := bufio.NewReader(body)
		for {
			line, err := lines.ReadBytes('\n')
			if len(line) > 0 && !f.Line(request, line) {
				if _, err := write.Write(line); err != nil {
					return // Nobody reads.
				}
			}
			if err != nil {
				_ = write.CloseWithError(err)
				return
			}
		}
	}()
	return closer{read, body}
}

// closer is one of two that belong together.
type closer struct {
	io.ReadCloser
	other io.Closer
}

func (c closer) Close() error { return errors.Join(c.ReadCloser.Close(), c.other.Close()) }

// Refuse is an answer with a status, in plain text.
func Refuse(request *http.Request, status int) *http.Response {
	text := http.StatusText(status)
	return &http.Response{
		StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: request,
		Header: http.Header{"Content-Type": {"text/plain"}}, Body: io.NopCloser(bytes.NewReader([]byte(text))), ContentLength: int64(len(text)),
	}
}

// SetBody gives a request another body, which can be sent more than once.
func SetBody(request *http.Request, body []byte) {
	request.GetBody = func() (io.ReadCloser, error) {
		if len(body) == 0 {
			return http.NoBody, nil
		}
		return io.NopCloser(bytes.NewReader(body)), nil
	}
	request.Body, _ = request.GetBody() // It does not fail.
	request.ContentLength = int64(len(body))
	request.Header.Del("Content-Length")
}
