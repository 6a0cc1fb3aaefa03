package apiserver_test

import (
	"errors"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
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
	for _, flag := range []string{"etcd-servers", "storage-backend", "data-dir", "storage-dsn", "storage-dsn-file"} {
		if err := options.Parse([]string{"--" + flag + "=x"}); err == nil || !strings.Contains(err.Error(), "--"+flag+": unknown flag") {
			t.Errorf("--%s: got %v, want an unknown flag", flag, err)
		}
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
		"--secure-port 0 must be between 1 and 65535", "--data-dir is not set", "--kubeconfig", "--tls-cert-file=" + missing, "--tls-private-key-file",
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
		t.Fatal("without --data-dir: want an error")
	}
	if _, err := options.SecureServing.Listener.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the listener is not closed: %v", err)
	}
}

// TestStorageMediaType: upstream's sample types have no protobuf methods.
func TestStorageMediaType(t *testing.T) {
	t.Parallel()
	const protobuf = "--storage-media-type=application/vnd.kubernetes.protobuf"
	for name, tc := range map[string]struct {
		definition apiserver.Definition
		args       []string
		want       string // the media type
		refused    bool
	}{
		"types without protobuf":              {definition: wardleDefinition(), want: "application/json"},
		"types without protobuf, asked for":   {definition: wardleDefinition(), args: []string{protobuf}, want: "application/vnd.kubernetes.protobuf", refused: true},
		"types with protobuf":                 {definition: scaleDefinition(), want: "application/vnd.kubernetes.protobuf"},
		"types with protobuf, JSON asked for": {definition: scaleDefinition(), args: []string{"--storage-media-type=application/json"}, want: "application/json"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			options, err := apiserver.NewOptions(tc.definition)
			if err != nil {
				t.Fatal(err)
			}
			if err := options.Parse(tc.args); err != nil {
				t.Fatal(err)
			}
			if got := options.Etcd.DefaultStorageMediaType; got != tc.want {
				t.Errorf("objects are stored as %s, want %s", got, tc.want)
			}
			err = options.Validate()
			const complaint = "Flunder, FlunderList of wardle.example.com/v1alpha1 have no protobuf methods"
			if got := strings.Contains(err.Error(), complaint); got != tc.refused {
				t.Errorf("%q stands in the errors: %t, want %t:\n%v", complaint, got, tc.refused, err)
			}
		})
	}
}

// scaleDefinition is a server of upstream types that have protobuf methods. Nothing of it is started.
func scaleDefinition() apiserver.Definition {
	d := wardleDefinition()
	d.Install = autoscalingv1.AddToScheme
	d.Groups[0].Name, d.Groups[0].Versions = autoscalingv1.GroupName, []string{"v1"}
	return d
}

// TestCBORIsProcessWide: on a gate of the server's own it would be half served.
func TestCBORIsProcessWide(t *testing.T) {
	t.Parallel()
	options, err := apiserver.NewOptions(wardleDefinition())
	if err != nil {
		t.Fatal(err)
	}
	if err := options.Parse([]string{"--feature-gates=CBORServingAndStorage=true"}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(options.Complete(), options.Validate()); err == nil || !strings.Contains(err.Error(), "--feature-gates=CBORServingAndStorage=true: it is false process-wide") {
		t.Errorf("got %v, want an error about the gate", err)
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
