package apiserver

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/features"
	genericoptions "k8s.io/apiserver/pkg/server/options"
	"k8s.io/apiserver/pkg/util/compatibility"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	cliflag "k8s.io/component-base/cli/flag"
	basecompatibility "k8s.io/component-base/compatibility"
	"k8s.io/component-base/featuregate"
	"k8s.io/component-base/logs"
	logsapi "k8s.io/component-base/logs/api/v1"

	"example.com/annex/shared/protobuf"
)

// DefaultPort is where a server listens unless --secure-port says otherwise: above 1024, so that it needs no privilege.
const DefaultPort = 8443

// DefaultStoragePrefix is under which objects are kept: not /registry, so that a server may share the etcd of a
// kube-apiserver. A key is prefix/group/resource/namespace/name.
const DefaultStoragePrefix = "/annex"

// DefaultWatchTermination is how long a server that is shutting down lets open watches end one by one. Upstream's
// default, 0, lets them hold up the shutdown for a whole request timeout (60 s).
const DefaultWatchTermination = 10 * time.Second

// Options are all that can be set about a running server. NewOptions gives working defaults; each part has its
// own flags. The parts are upstream's.
type Options struct {
	// Definition is what is served.
	Definition Definition

	// Serving: timeouts, limits, graceful shutdown.
	Serving *genericoptions.ServerRunOptions
	// SecureServing: address, certificate, TLS versions. Set Listener to serve on a listener of your own.
	SecureServing *genericoptions.SecureServingOptionsWithLoopback
	// Certificates: where the serving certificate comes from.
	Certificates *Certificates
	// Authentication: front proxy, client certificates and TokenReview, configured from the cluster.
	Authentication *genericoptions.DelegatingAuthenticationOptions
	// Authorization: SubjectAccessReview.
	Authorization *genericoptions.DelegatingAuthorizationOptions
	// CoreAPI: how to reach the kube-apiserver. Its kubeconfig is also the default of the two above.
	CoreAPI *genericoptions.CoreAPIOptions
	// Audit: policy, log and webhook.
	Audit *genericoptions.AuditOptions
	// Features: priority and fairness, profiling.
	Features *genericoptions.FeatureOptions
	// Admission: upstream's recommended plugins, then the Definition's own, then ResourceQuota.
	Admission *genericoptions.AdmissionOptions
	// Storage: where objects are kept. It has no flags where the Definition keeps no objects.
	Storage *Storage
	// Etcd: the way to etcd; and of every storage: prefix, encryption at rest, watch cache. As in kube-apiserver, objects are
	// stored in protobuf by default, where all types have it; else in JSON. Both are read, whatever is written. It is nil, and
	// has no flags, where the Definition keeps no objects.
	Etcd *genericoptions.EtcdOptions
	// EgressSelector: how to dial out.
	EgressSelector *genericoptions.EgressSelectorOptions
	// Traces: where spans are sent.
	Traces *genericoptions.TracingOptions
	// Logs: level and format. Applied by the command only: logging is process-wide.
	Logs *logs.Options

	// FeatureGate is what --feature-gates sets, and what decides for this server. The command uses the process-wide
	// gate and versions, which the k8s.io libraries consult as well; NewOptions takes a copy of the gate. What only these
	// libraries decide, CBOR (CBORServingAndStorage), must be set process-wide before NewOptions.
	FeatureGate featuregate.MutableVersionedFeatureGate

	scheme *runtime.Scheme
	flags  cliflag.NamedFlagSets

	// refused is what Complete found wrong with feature gates and versions.
	refused error
}

// NewOptions returns the options of a server with their defaults, on a feature gate of its own. It fails when the
// Definition is not usable.
func NewOptions(definition Definition) (*Options, error) {
	gate := utilfeature.DefaultMutableFeatureGate.DeepCopy()
	globals := basecompatibility.NewComponentGlobalsRegistry()
	if err := globals.Register(basecompatibility.DefaultKubeComponent, compatibility.DefaultBuildEffectiveVersion(), gate); err != nil {
		return nil, fmt.Errorf("registering the feature gates of %s: %w", definition.Name, err)
	}
	return newOptions(definition, gate, globals)
}

// newOptions makes options on a gate and on the registry that it is in, as that of component "kube".
func newOptions(definition Definition, gate featuregate.MutableVersionedFeatureGate, globals basecompatibility.ComponentGlobalsRegistry) (*Options, error) {
	if err := definition.Validate(); err != nil {
		return nil, err
	}
	scheme, err := definition.Scheme()
	if err != nil {
		return nil, err
	}
	// A gate whose flags have been made takes no more features, and the process-wide one may be such: then it has these.
	if _, known := gate.GetAllVersioned()[logsapi.ContextualLogging]; !known {
		if err := logsapi.AddFeatureGates(gate); err != nil {
			return nil, fmt.Errorf("registering the feature gates of logging: %w", err)
		}
	}
	serving := genericoptions.NewServerRunOptionsForComponent(basecompatibility.DefaultKubeComponent, globals)
	serving.ShutdownSendRetryAfter = true
	serving.ShutdownWatchTerminationGracePeriod = DefaultWatchTermination

	// No codec: the storage factory makes one for each resource.
	recommended := genericoptions.NewRecommendedOptions(DefaultStoragePrefix, nil)
	recommended.SecureServing.BindPort = DefaultPort
	recommended.SecureServing.Required = true // there is no other way to serve
	// Without --tls-cert-file or --cert-dir the certificate lives in memory: a server writes no file unasked.
	recommended.SecureServing.ServerCert.CertDirectory = ""
	switch {
	case !definition.Stored():
		recommended.Etcd = nil
	case implementProtobuf(scheme, definition.GroupVersions()):
		recommended.Etcd.DefaultStorageMediaType = runtime.ContentTypeProtobuf
	}
	register(recommended.Admission, definition.admission())

	o := &Options{
		Definition:     definition,
		Serving:        serving,
		SecureServing:  recommended.SecureServing,
		Certificates:   newCertificates(definition),
		Authentication: recommended.Authentication,
		Authorization:  recommended.Authorization,
		CoreAPI:        recommended.CoreAPI,
		Audit:          recommended.Audit,
		Features:       recommended.Features,
		Admission:      recommended.Admission,
		Storage:        &Storage{},
		Etcd:           recommended.Etcd,
		EgressSelector: recommended.EgressSelector,
		Traces:         recommended.Traces,
		Logs:           logs.NewOptions(),
		FeatureGate:    gate,
		scheme:         scheme,
	}
	o.addFlags()
	return o, nil
}

// Parse sets options from command-line flags. It reports every unknown flag and refused value at once.
func (o *Options) Parse(args []string) error {
	all := pflag.NewFlagSet(o.Definition.Name, pflag.ContinueOnError)
	for _, set := range o.flags.FlagSets {
		all.AddFlagSet(set)
	}
	_, err := parse(all, args)
	return err
}

func (o *Options) addFlags() {
	o.Serving.AddUniversalFlags(o.flags.FlagSet("serving"))
	o.SecureServing.AddFlags(o.flags.FlagSet("secure serving"))
	o.Certificates.addFlags(o.flags.FlagSet("certificates"))
	o.CoreAPI.AddFlags(o.flags.FlagSet("kubernetes API"))
	o.Authentication.AddFlags(o.flags.FlagSet("authentication"))
	o.Authorization.AddFlags(o.flags.FlagSet("authorization"))
	o.Admission.AddFlags(o.flags.FlagSet("admission"))
	if o.Etcd != nil {
		o.Storage.addFlags(o.flags.FlagSet("storage"), o.Etcd)
	}
	o.Audit.AddFlags(o.flags.FlagSet("auditing"))
	o.Features.AddFlags(o.flags.FlagSet("features"))
	o.EgressSelector.AddFlags(o.flags.FlagSet("egress"))
	o.Traces.AddFlags(o.flags.FlagSet("tracing"))
	logsapi.AddFlags(o.Logs, o.flags.FlagSet("logs"))
}

// Complete fills in what follows from other options.
func (o *Options) Complete() error {
	if o.Authentication.RemoteKubeConfigFile == "" {
		o.Authentication.RemoteKubeConfigFile = o.CoreAPI.CoreAPIKubeconfigPath
	}
	if o.Authorization.RemoteKubeConfigFile == "" {
		o.Authorization.RemoteKubeConfigFile = o.CoreAPI.CoreAPIKubeconfigPath
	}
	if o.refused = o.Serving.ComponentGlobalsRegistry.Set(); o.refused != nil {
		return fmt.Errorf("setting %s: %w; --help lists what is accepted", o.versionFlags(), o.refused)
	}
	return nil
}

// versionFlags are the flags of the registry of gates and versions that were set; it has one error for all three.
func (o *Options) versionFlags() string {
	var set []string
	for _, name := range []string{"feature-gates", "emulated-version", "min-compatibility-version"} {
		if o.flags.FlagSet("serving").Lookup(name).Changed {
			set = append(set, "--"+name)
		}
	}
	return strings.Join(set, ", ")
}

// Validate reports everything that is wrong with the options, each error naming its flag, or nil. It wants Complete to
// be called before.
func (o *Options) Validate() error {
	// Upstream finds again what Complete has said.
	serving := slices.DeleteFunc(o.Serving.Validate(), func(err error) bool {
		return o.refused != nil && strings.Contains(o.refused.Error(), err.Error())
	})
	var errs []error
	for _, part := range [][]error{
		serving,
		o.SecureServing.Validate(),
		o.Authentication.Validate(),
		o.Authorization.Validate(),
		o.CoreAPI.Validate(),
		o.Audit.Validate(),
		o.Features.Validate(),
		o.Admission.Validate(),
		o.validateStorage(),
		o.EgressSelector.Validate(),
		o.Traces.Validate(),
		o.validateStorageMediaType(),
		o.validateCBOR(),
		o.validateFiles(),
		o.validateCertificates(),
		o.validateCluster(),
	} {
		errs = append(errs, part...)
	}
	return errors.Join(errs...)
}

// validateStorageMediaType checks that types can be stored as asked for. Without it, each write would fail.
func (o *Options) validateStorageMediaType() []error {
	if o.Etcd == nil || o.Etcd.DefaultStorageMediaType != runtime.ContentTypeProtobuf {
		return nil
	}
	var errs []error
	for _, gv := range o.Definition.GroupVersions() {
		if missing := protobuf.Missing(o.scheme, gv); len(missing) > 0 {
			errs = append(errs, fmt.Errorf("--storage-media-type=%s: %s of %s have no protobuf methods; generate them, or store %s",
				runtime.ContentTypeProtobuf, strings.Join(missing, ", "), gv, runtime.ContentTypeJSON))
		}
	}
	return errs
}

// validateCBOR checks that the server and the libraries agree: half of CBOR would be served.
func (o *Options) validateCBOR() []error {
	const feature = features.CBORServingAndStorage
	here, process := o.FeatureGate.Enabled(feature), utilfeature.DefaultFeatureGate.Enabled(feature)
	if here == process {
		return nil
	}
	return []error{fmt.Errorf("--feature-gates=%s=%t: it is %t process-wide, which is what the k8s.io libraries go by; "+
		"set it on k8s.io/apiserver/pkg/util/feature.DefaultMutableFeatureGate before making options", feature, here, process)}
}

// namedFile is a file that a flag names.
type namedFile struct{ flag, path string }

// validateFiles checks that every file that a flag names can be read, so that a typing error is not found one restart
// after the other. Upstream checks --egress-selector-config-file and --tracing-config-file.
func (o *Options) validateFiles() []error {
	var errs []error
	files := []namedFile{
		{"kubeconfig", o.CoreAPI.CoreAPIKubeconfigPath},
		{"authentication-kubeconfig", o.Authentication.RemoteKubeConfigFile},
		{"authorization-kubeconfig", o.Authorization.RemoteKubeConfigFile},
		{"client-ca-file", o.Authentication.ClientCert.ClientCA},
		{"requestheader-client-ca-file", o.Authentication.RequestHeader.ClientCAFile},
		{"tls-cert-file", o.SecureServing.ServerCert.CertKey.CertFile},
		{"tls-private-key-file", o.SecureServing.ServerCert.CertKey.KeyFile},
		{"audit-policy-file", o.Audit.PolicyFile},
		{"audit-webhook-config-file", o.Audit.WebhookOptions.ConfigFile},
		{"admission-control-config-file", o.Admission.ConfigFile},
	}
	files = append(files, o.storageFiles()...)
	for _, pair := range o.SecureServing.SNICertKeys {
		files = append(files, namedFile{"tls-sni-cert-key", pair.CertFile}, namedFile{"tls-sni-cert-key", pair.KeyFile})
	}
	for _, f := range files {
		if f.path == "" || duplicateOfKubeconfig(f.flag, f.path, o.CoreAPI.CoreAPIKubeconfigPath) {
			continue
		}
		if err := readable(f.path); err != nil {
			errs = append(errs, fmt.Errorf("--%s=%s: want a file that can be read: %w", f.flag, f.path, err))
		}
	}
	cert := o.SecureServing.ServerCert.CertKey
	if (cert.CertFile == "") != (cert.KeyFile == "") {
		errs = append(errs, fmt.Errorf("--tls-cert-file=%q and --tls-private-key-file=%q: set both or neither", cert.CertFile, cert.KeyFile))
	}
	return errs
}

// readable opens a file, but reads nothing: it may be a pipe. Errors leave out the path.
func readable(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return errors.Unwrap(err)
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.IsDir() {
		return syscall.EISDIR
	}
	return nil
}

// duplicateOfKubeconfig is true for a path that is only the default taken over from --kubeconfig.
func duplicateOfKubeconfig(flag, path, kubeconfig string) bool {
	return (flag == "authentication-kubeconfig" || flag == "authorization-kubeconfig") && path == kubeconfig
}

// validateCluster checks that there is a way to the kube-apiserver.
func (o *Options) validateCluster() []error {
	if o.CoreAPI.CoreAPIKubeconfigPath != "" || os.Getenv("KUBERNETES_SERVICE_HOST") != "" {
		return nil
	}
	return []error{errors.New("--kubeconfig is not set and this is not a pod: an aggregated API server needs a kube-apiserver to ask about callers; name a kubeconfig file")}
}
