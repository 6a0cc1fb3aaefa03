// Package doctor_test breaks the way of a request to an aggregated server, link by link, on real control planes: annex doctor must
// name what is wrong, and docs/troubleshooting.md what people see of it.
package doctor_test

import (
	"context"
	"os"
	"testing"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"example.com/annex/tools/controlplane/extension/extensiontest"
	"example.com/annex/tools/deploy/manifests"
)

// Without the control plane's programs the tests fail.
func TestMain(m *testing.M) { os.Exit(extensiontest.Main(m, manifests.Servers()...)) }

// ask asks a server past kube-apiserver, with a client certificate. A status that is no success is no error: the text counts.
func ask(ctx context.Context, s *server, who *rest.Config, path string) (string, error) {
	direct := s.Direct()
	direct.CertData, direct.KeyData = who.CertData, who.KeyData
	client, err := kubernetes.NewForConfig(direct)
	if err != nil {
		return "", err
	}
	body, _ := client.Discovery().RESTClient().Get().AbsPath(path).DoRaw(ctx)
	return string(body), nil
}
