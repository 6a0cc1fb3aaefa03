package command_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/annex/tools/annex/cluster"
	"example.com/annex/tools/deploy/command"
)

// run runs the command, and returns what it printed.
func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var c cluster.Cluster
	root := command.New("deploy", &c)
	c.AddFlags(root.PersistentFlags())
	root.SilenceErrors, root.SilenceUsage = true, true
	var out strings.Builder
	root.SetOut(&out)
	root.SetArgs(args)
	err := root.ExecuteContext(t.Context())
	return out.String(), err
}

const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func TestPrint(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "images.txt")
	if err := os.WriteFile(file, []byte("registry.example.com:5000/ns/capacity@"+digest+"\nother.example.com/capacity@"+digest+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		args       []string
		want, lack []string
	}{
		"all":       {args: nil, want: []string{"name: v1.capacity.example.com", "name: v1.topology.example.com", "name: v1.insight.example.com", "image: example.com/annex/capacity:development", "kind: PersistentVolumeClaim"}},
		"one":       {args: []string{"insight"}, want: []string{"name: v1.insight.example.com"}, lack: []string{"v1.capacity.example.com", "PersistentVolumeClaim"}},
		"a tag":     {args: []string{"capacity", "--overlay=production", "--image-prefix=registry.example.com/ns", "--tag=v1"}, want: []string{"image: registry.example.com/ns/capacity:v1\n", "kind: PodDisruptionBudget"}},
		"a digest":  {args: []string{"capacity", "--overlay=production", "--digest-file=" + file}, want: []string{"image: registry.example.com:5000/ns/capacity@" + digest + "\n"}},
		"component": {args: []string{"capacity", "--component=monitoring,cert-manager"}, want: []string{"kind: ServiceMonitor", "cert-manager.io/inject-ca-from: annex-system/capacity-certificates"}},
		"storage":   {args: []string{"capacity", "--storage=etcd"}, want: []string{"--etcd-servers=$(ETCD_SERVERS)"}, lack: []string{"sqlite"}},
		"local":     {args: []string{"capacity", "--overlay=local", "--address=[fd00::1]:9443"}, want: []string{"- fd00::1\n", "addressType: IPv6", "port: 9443"}, lack: []string{"kind: Deployment", "192.0.2.1"}},
		"who calls": {args: []string{"capacity", "--api-server-cidr=10.1.0.0/28", "--api-server-cidr=10.2.0.1/32"}, want: []string{"cidr: 10.1.0.0/28", "cidr: 10.2.0.1/32"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := run(t, tc.args...)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range tc.want {
				if !strings.Contains(out, want) {
					t.Errorf("%q is not printed", want)
				}
			}
			for _, lack := range tc.lack {
				if strings.Contains(out, lack) {
					t.Errorf("%q is printed", lack)
				}
			}
		})
	}
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	wrong := filepath.Join(t.TempDir(), "images.txt")
	if err := os.WriteFile(wrong, []byte("capacity:v1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"no such server":             {[]string{"capacty"}, `there is no server "capacty", but topology`},
		"no such overlay":            {[]string{"--overlay=prod"}, `there is no overlay "prod", but kind, local, production`},
		"no such component":          {[]string{"--component=backup"}, `component "backup" can't be added, but cert-manager`},
		"a component twice":          {[]string{"--overlay=production", "--component=audit"}, `component "audit" can't be added`},
		"no such storage":            {[]string{"--storage=s3", "capacity"}, `there is no storage "s3", but etcd, postgresql, sqlite`},
		"storage of nothing":         {[]string{"--storage=etcd", "insight"}, "the server keeps nothing"},
		"encryption of nothing":      {[]string{"--component=encryption", "insight"}, `component "encryption" can't be added`},
		"local, nowhere":             {[]string{"--overlay=local", "--apply", "capacity"}, "--address=IP:PORT"},
		"address of all":             {[]string{"--overlay=local", "--address=10.0.0.1:1"}, "--address is of one server"},
		"address of a Deployment":    {[]string{"--overlay=kind", "--address=10.0.0.1:1", "capacity"}, "--address is of one server"},
		"production without images":  {[]string{"--overlay=production", "--apply"}, "--digest-file"},
		"production, a tag of what":  {[]string{"--overlay=production", "--tag=v1", "--apply"}, "--image-prefix and --tag"},
		"production, no tag":         {[]string{"--overlay=production", "--image-prefix=registry.example.com/ns", "--apply"}, "--image-prefix and --tag"},
		"no digests":                 {[]string{"--digest-file=" + wrong}, "want REPOSITORY@DIGEST"},
		"digests and a tag":          {[]string{"--digest-file=" + wrong, "--tag=v1"}, "none of the others can be"},
		"no address":                 {[]string{"--api-server-cidr=10.0.0.1"}, "--api-server-cidr"},
		"applied to no such cluster": {[]string{"--apply", "--kubeconfig=" + wrong + ".missing"}, "--kubeconfig"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := run(t, tc.args...); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want an error with %q", err, tc.want)
			}
		})
	}
}
