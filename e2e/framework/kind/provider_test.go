package kind_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	provider "example.com/annex/e2e/framework/kind"
	"example.com/annex/tools/kind"
)

var (
	site *kind.Site
	// unavailable is why there is no site.
	unavailable string
)

func TestMain(m *testing.M) {
	flag.Parse()
	if testing.Short() {
		unavailable = "-short was given"
		os.Exit(m.Run())
	}
	status, err := kind.Run(os.Stdout, func(s *kind.Site) int {
		site = s
		return m.Run()
	})
	if errors.Is(err, kind.ErrRefused) {
		unavailable = err.Error()
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(status)
}

// start makes a cluster that is gone when the test ends.
func start(t *testing.T, routing bool) *provider.Provider {
	t.Helper()
	if unavailable != "" {
		t.Skip(unavailable)
	}
	p := provider.New(provider.Options{Site: site, AggregatorRouting: routing, Log: t.Output()})
	p.WithName("provider")
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
		defer cancel()
		if t.Failed() {
			if err := p.ExportLogs(ctx, t.ArtifactDir()); err != nil {
				t.Error(err)
			}
		}
		if err := p.Destroy(ctx); err != nil {
			t.Error(err)
		}
	})
	started := time.Now()
	if _, err := p.Create(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Logf("the node was ready after %.1f s", time.Since(started).Seconds())
	if err := p.WaitForControlPlane(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	t.Logf("all of kube-system was ready after %.1f s", time.Since(started).Seconds())
	return p
}

// aggregatorFlags are those that decide how kube-apiserver and aggregated servers know each other.
var aggregatorFlags = map[string]string{
	"--requestheader-client-ca-file":       "/etc/kubernetes/pki/front-proxy-ca.crt",
	"--requestheader-allowed-names":        "front-proxy-client",
	"--requestheader-username-headers":     "X-Remote-User",
	"--requestheader-uid-headers":          "X-Remote-Uid",
	"--requestheader-group-headers":        "X-Remote-Group",
	"--requestheader-extra-headers-prefix": "X-Remote-Extra-",
	"--proxy-client-cert-file":             "/etc/kubernetes/pki/front-proxy-client.crt",
	"--proxy-client-key-file":              "/etc/kubernetes/pki/front-proxy-client.key",
}

// TestAggregatorFlags reads the flags back from the kube-apiserver that runs.
func TestAggregatorFlags(t *testing.T) {
	for _, routing := range []bool{false, true} {
		t.Run(fmt.Sprintf("enable-aggregator-routing=%t", routing), func(t *testing.T) {
			p := start(t, routing)
			flags := runningFlags(t, p)
			want := map[string]string{"--enable-aggregator-routing": fmt.Sprint(routing)}
			for name, value := range aggregatorFlags {
				want[name] = value
			}
			for name, value := range want {
				if got := flags[name]; len(got) != 1 || got[0] != value {
					t.Errorf("kube-apiserver runs with %s %q, want it once, with %q", name, got, value)
				}
			}

			client, err := kubernetes.NewForConfig(p.KubernetesRestConfig())
			if err != nil {
				t.Fatal(err)
			}
			config, err := client.CoreV1().ConfigMaps(metav1.NamespaceSystem).Get(t.Context(), "extension-apiserver-authentication", metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if got, want := config.Data["requestheader-uid-headers"], `["X-Remote-Uid"]`; got != want {
				t.Errorf("servers are told of requestheader-uid-headers %s, want %s", got, want)
			}
		})
	}
}

// runningFlags are those of the process, by name.
func runningFlags(t *testing.T, p *provider.Provider) map[string][]string {
	t.Helper()
	nodes, err := p.Nodes()
	if err != nil {
		t.Fatal(err)
	}
	if len(nodes) != 1 {
		t.Fatalf("the cluster has the nodes %v, want one", nodes)
	}
	output := func(command string, args ...string) string {
		var out, complaints strings.Builder
		if err := nodes[0].CommandContext(t.Context(), command, args...).SetStdout(&out).SetStderr(&complaints).Run(); err != nil {
			t.Fatalf("%s %v: %v\n%s", command, args, err, complaints.String())
		}
		return out.String()
	}
	pid := strings.TrimSpace(output("pgrep", "--exact", "kube-apiserver"))
	flags := map[string][]string{}
	for _, arg := range strings.Split(output("cat", "/proc/"+pid+"/cmdline"), "\x00") {
		if name, value, ok := strings.Cut(arg, "="); ok {
			flags[name] = append(flags[name], value)
		}
	}
	return flags
}
