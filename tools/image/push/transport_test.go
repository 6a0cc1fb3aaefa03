package push_test

import (
	"net/http"
	"strings"
	"testing"

	"example.com/annex/tools/image/push"
)

// accepting answers every request.
type accepting struct{}

func (accepting) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
}

func TestTLSOnly(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]bool{
		"https://registry.example.com/v2/": true,
		"https://10.0.0.1/v2/":             true,
		"http://localhost:5000/v2/":        true,
		"http://127.0.0.1:5000/v2/":        true,
		"http://[::1]:5000/v2/":            true,
		"http://10.0.0.1:5000/v2/":         false,
		"http://registry.local/v2/":        false,
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := push.TLSOnly(accepting{}).RoundTrip(request)
		if err == nil {
			response.Body.Close()
		}
		if (err == nil) != want || err != nil && !strings.Contains(err.Error(), "--plain-http") {
			t.Errorf("%s: %v, want it to be sent: %t", url, err, want)
		}
	}
}
