package fault_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"k8s.io/client-go/rest"

	"example.com/annex/e2e/fault"
)

func TestAPI(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		_, _ = io.WriteString(w, "first "+r.Header.Get("Authorization")+"\nsecond "+r.URL.Path+" "+string(body)+"\nthird\n")
	}))
	defer server.Close()
	api := fault.API{
		Request: func(r *http.Request) *http.Response {
			if r.URL.Path == "/refused" {
				return fault.Refuse(r, http.StatusNotAcceptable)
			}
			fault.SetBody(r, []byte("changed"))
			return nil
		},
		Line: func(r *http.Request, line []byte) bool {
			return r.URL.Path == "/dropped" && bytes.HasPrefix(line, []byte("second"))
		},
	}
	if err := api.Start(&rest.Config{Host: server.URL, BearerToken: "somebody-else"}); err != nil {
		t.Fatal(err)
	}
	defer api.Close()
	authorities := x509.NewCertPool()
	if !authorities.AppendCertsFromPEM(api.CA()) {
		t.Fatalf("the certificate is none: %s", api.CA())
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authorities}}}
	defer client.CloseIdleConnections()
	for path, want := range map[string]string{
		"/passed":  "first Bearer me\nsecond /passed changed\nthird\n",
		"/dropped": "first Bearer me\nthird\n",
		"/refused": "Not Acceptable",
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, api.URL()+path, bytes.NewReader([]byte("sent")))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer me")
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || string(got) != want {
			t.Errorf("%s: got %q, %v, want %q", path, got, err, want)
		}
		if (response.StatusCode == http.StatusNotAcceptable) != (path == "/refused") {
			t.Errorf("%s: status %d", path, response.StatusCode)
		}
	}
}
