package cluster

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/spf13/pflag"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

const two = `
apiVersion: v1
kind: Config
clusters:
- {name: a, cluster: {server: "https://a.example.com", certificate-authority: ca.crt}}
- {name: b, cluster: {server: "https://b.example.com", certificate-authority: ca.crt}}
users:
- {name: u, user: {token: t}}
contexts:
- {name: a, context: {cluster: a, user: u}}
- {name: b, context: {cluster: b, user: u}}
current-context: a
`

func TestWriteKubeconfig(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, data := range map[string]string{"config": two, "ca.crt": "certificates"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for context, server := range map[string]string{"": "https://a.example.com", "b": "https://b.example.com"} {
		var c Cluster
		flags := pflag.NewFlagSet("", pflag.ContinueOnError)
		c.AddFlags(flags)
		if err := flags.Parse([]string{"--kubeconfig=" + filepath.Join(dir, "config"), "--context=" + context}); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "written")
		if err := c.WriteKubeconfig(file); err != nil {
			t.Fatal(err)
		}
		written, err := clientcmd.LoadFromFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if len(written.Clusters) != 1 || len(written.Contexts) != 1 {
			t.Errorf("--context=%q: it has more than one cluster: %v", context, written.Clusters)
		}
		got := written.Clusters[written.Contexts[written.CurrentContext].Cluster]
		if got.Server != server || string(got.CertificateAuthorityData) != "certificates" {
			t.Errorf("--context=%q: got %+v, want %s", context, got, server)
		}
	}
}

func TestKubeconfigOfAPod(t *testing.T) {
	t.Parallel()
	want := rest.Config{Host: "https://10.0.0.1:443", BearerTokenFile: filepath.Join(t.TempDir(), "token")}
	want.CAFile = filepath.Join(t.TempDir(), "ca.crt")
	for _, file := range []string{want.BearerTokenFile, want.CAFile} {
		if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	config, err := clientcmd.NewDefaultClientConfig(ofPod(&want), &clientcmd.ConfigOverrides{}).ClientConfig()
	if err != nil {
		t.Fatal(err)
	}
	if config.Host != want.Host || config.CAFile != want.CAFile || config.BearerTokenFile != want.BearerTokenFile {
		t.Errorf("got %+v, want %+v", config, want)
	}
}
