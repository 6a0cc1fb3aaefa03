package apiserver_test

import (
	"errors"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k8s.io/apiserver/pkg/admission"
	genericoptions "k8s.io/apiserver/pkg/server/options"
	"k8s.io/apiserver/pkg/storage/storagebackend"
	cliflag "k8s.io/component-base/cli/flag"

	"example.com/annex/shared/apiserver"
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
