package apiserver_test

import (
	"errors"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission"
	genericoptions "k8s.io/apiserver/pkg/server/options"
	"k8s.io/apiserver/pkg/storage/storagebackend"
	cliflag "k8s.io/component-base/cli/flag"
	"k8s.io/sample-apiserver/pkg/apis/wardle"

	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/registry"
)

func TestEtcdOptionsAreUpstreams(t *testing.T) {
	t.Parallel()
	options, err := apiserver.NewOptions(wardleDefinition())
	if err != nil {
		t.Fatal(err)
	}
	// Priority and fairness estimates a list by the objects that this counts.
	upstream := genericoptions.NewEtcdOptions(storagebackend.NewDefaultConfig(apiserver.DefaultStoragePrefix, nil))
	if got, want := options.Etcd.StorageConfig.CountMetricPollPeriod, upstream.StorageConfig.CountMetricPollPeriod; got != want || got == 0 {
		t.Errorf("--etcd-count-metric-poll-period is %s by default, want %s", got, want)
	}
}

// TestNothingStored: a server that keeps no objects knows nothing of storage.
func TestNothingStored(t *testing.T) {
	t.Parallel()
	d := wardleDefinition()
	d.Groups[0].Resources = []registry.Resource{registry.Computed[*wardle.Flunder]{
		Plural: "flunders", Sources: []schema.GroupResource{{Group: "b.example.com", Resource: "b"}, {Group: "a.example.com", Resource: "a"}, {Group: "b.example.com", Resource: "b"}},
	}}
	options, err := apiserver.NewOptions(d)
	if err != nil {
		t.Fatal(err)
	}
	if err := options.Parse([]string{"--etcd-servers=http://127.0.0.1:2379"}); err == nil || !strings.Contains(err.Error(), "--etcd-servers: unknown flag") {
		t.Errorf("--etcd-servers: got %v, want an unknown flag", err)
	}
	options.CoreAPI.CoreAPIKubeconfigPath = "testdata/nobody.kubeconfig"
	if err := errors.Join(options.Complete(), options.Validate()); err != nil {
		t.Errorf("without a word about storage: %v", err)
	}
	var reads []string
	for _, rule := range d.Rules() {
		if strings.HasSuffix(rule.APIGroups[0], ".example.com") {
			reads = append(reads, strings.Join(slices.Concat(rule.APIGroups, rule.Resources, rule.Verbs), " "))
		}
	}
	if want := []string{"a.example.com a list watch", "b.example.com b list watch"}; !slices.Equal(reads, want) {
		t.Errorf("the server may read %q, want %q", reads, want)
	}
}

func TestOptionsValidateNamesEveryFlag(t *testing.T) {
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	options, err := apiserver.NewOptions(wardleDefinition())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	missing := filepath.Join(dir, "missing")
	options.SecureServing.BindPort = 0
	options.SecureServing.ServerCert.CertKey.CertFile = missing
	options.Admission.EnablePlugins = []string{"Unheard"}
	options.Serving.GoawayChance = 1
	options.Audit.PolicyFile = dir
	options.Audit.WebhookOptions.ConfigFile = missing
	options.SecureServing.SNICertKeys = []cliflag.NamedCertKey{{CertFile: missing}}
	err = options.Validate()
	if err == nil {
		t.Fatal("want an error")
	}
	for _, want := range []string{
		"--secure-port 0 must be between 1 and 65535", "--etcd-servers", "--kubeconfig", "--tls-cert-file=" + missing, "--tls-private-key-file",
		`"Unheard"`, "--goaway-chance", "--audit-policy-file=" + dir + ": want a file that can be read: is a directory",
		"--audit-webhook-config-file=" + missing, "--tls-sni-cert-key=" + missing, "no such file",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not stand in:\n%v", want, err)
		}
	}
}

func TestServerClosesTheListenerWhenItFails(t *testing.T) {
	t.Parallel()
	options, err := apiserver.NewOptions(wardleDefinition())
	if err != nil {
		t.Fatal(err)
	}
	if options.SecureServing.Listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	if _, err := options.Server(); err == nil {
		t.Fatal("without --etcd-servers: want an error")
	}
	if _, err := options.SecureServing.Listener.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the listener is not closed: %v", err)
	}
}

// Quotas come after all others, so that they count nothing that is refused.
func TestOwnAdmissionPluginComesBeforeQuota(t *testing.T) {
	t.Parallel()
	d := wardleDefinition()
	d.Admission = []apiserver.AdmissionPlugin{{Name: "Own", New: func(io.Reader) (admission.Interface, error) { return nil, nil }}}
	options, err := apiserver.NewOptions(d)
	if err != nil {
		t.Fatal(err)
	}
	order := options.Admission.RecommendedPluginOrder
	if got, want := order[len(order)-2:], []string{"Own", "ResourceQuota"}; !slices.Equal(got, want) {
		t.Errorf("the last plugins are %v, want %v", got, want)
	}
	if errs := options.Admission.Validate(); len(errs) != 0 {
		t.Errorf("admission options: %v", errs)
	}
}
