package embedded_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"k8s.io/client-go/rest"

	"example.com/annex/shared/apiservertest"
)

// TestEndpoints reads what operators read.
func TestEndpoints(t *testing.T) {
	t.Parallel()
	server := apiservertest.Start(t, wardleDefinition(), cluster)
	client, err := rest.HTTPClientFor(server.Config)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string][]string{
		"/readyz?verbose":  {"[+]etcd ok", "[+]informer-sync ok", "[+]shutdown ok", "readyz check passed"},
		"/livez?verbose":   {"[+]ping ok", "livez check passed"},
		"/healthz?verbose": {"[+]etcd ok", "healthz check passed"},
		"/flagz":           {"flagz", "kubeconfig", cluster.Kubeconfig, "etcd-count-metric-poll-period"},
		"/statusz":         {"statusz", "Emulation version", "/flagz", "/readyz"},
		"/metrics":         {`apiserver_resource_objects{group="wardle.example.com",resource="flunders"}`, "kubernetes_build_info{"},
		"/version":         {`"major": "1"`},
	} {
		status, body, err := get(t.Context(), client, server.Config.Host+path)
		if err != nil {
			t.Error(err)
			continue
		}
		if status != http.StatusOK {
			t.Errorf("GET %s: status %d", path, status)
		}
		for _, w := range want {
			if !strings.Contains(body, w) {
				t.Errorf("GET %s: %q does not stand in:\n%s", path, w, body)
			}
		}
	}
}

func get(ctx context.Context, client *http.Client, url string) (status int, body string, _ error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Accept", "text/plain, */*")
	response, err := client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	return response.StatusCode, string(read), err
}
