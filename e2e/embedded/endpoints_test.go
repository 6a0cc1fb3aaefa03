package embedded_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"k8s.io/client-go/rest"
	"k8s.io/sample-apiserver/pkg/apis/wardle"

	"example.com/annex/shared/apiservertest"
	"example.com/annex/shared/registry"
)

// TestEndpoints reads what operators read.
func TestEndpoints(t *testing.T) {
	t.Parallel()
	// Metrics are the process's, and a server that stops takes those of its resources away: this one has its own.
	definition := wardleDefinition()
	counted := definition.Groups[0].Resources[0].(registry.Standard[*wardle.Flunder, wardle.FlunderSpec, wardle.FlunderStatus])
	counted.Plural = "countedflunders"
	definition.Groups[0].Resources[0] = counted
	server := apiservertest.Start(t, definition, cluster)
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
		"/metrics":         {`apiserver_resource_objects{group="wardle.example.com",resource="countedflunders"} 0`, "kubernetes_build_info{"},
		"/version":         {`"major": "1"`},
	} {
		waitFor(t, fmt.Sprintf("%s has %q", path, want), client, server.Config.Host+path, func(status int, body string) bool {
			return status == http.StatusOK && !slices.ContainsFunc(want, func(w string) bool { return !strings.Contains(body, w) })
		})
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
