package extension

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	"k8s.io/utils/ptr"

	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/certs"
	"example.com/annex/shared/certs/rotation"
	"example.com/annex/tools/controlplane/port"
	"example.com/annex/tools/controlplane/process"
)

// Step is one thing to do. Its name is what Options.Apply is told.
type Step struct {
	Name string
	Run  func(context.Context) error
}

// The names of the steps.
const (
	CheckAggregator    = "aggregator"
	CreateIdentity     = "identity"
	IssueCertificates  = "certificates"
	StoreCertificates  = "secret"
	GrantServerAccess  = "server-access"
	StartServer        = "server"
	GrantUserAccess    = "user-access"
	RouteService       = "service"
	RegisterAPIService = "apiservice"
	WaitAvailable      = "available"
	WaitPublished      = "published"
)

// StepTimeout is long, as all steps together take seconds; but a document that
// kube-apiserver could not get from the server it asks for again after a minute.
const StepTimeout = 2 * time.Minute

// Steps are all steps, in the order in which they must be taken. Each is given
// up after StepTimeout.
func (e *Extension) Steps() []Step {
	steps := []Step{
		{CheckAggregator, e.checkAggregator},
		{CreateIdentity, e.createIdentity},
		{IssueCertificates, e.issueCertificates},
		{StoreCertificates, e.storeCertificates},
		{GrantServerAccess, e.grantServerAccess},
		{StartServer, e.startServer},
		{GrantUserAccess, e.grantUserAccess},
		{RouteService, e.routeService},
		{RegisterAPIService, e.registerAPIServices},
		{WaitAvailable, e.waitAvailable},
		{WaitPublished, e.waitPublished},
	}
	if e.options.SelfCertificates {
		steps = slices.DeleteFunc(steps, func(s Step) bool { return s.Name == IssueCertificates || s.Name == StoreCertificates })
	}
	for i, step := range steps {
		steps[i].Run = func(ctx context.Context) error {
			ctx, cancel := context.WithTimeoutCause(ctx, StepTimeout, fmt.Errorf("given up after %s: %w", StepTimeout, context.DeadlineExceeded))
			defer cancel()
			return step.Run(ctx)
		}
	}
	return steps
}

// checkAggregator checks that kube-apiserver aggregates at all.
func (e *Extension) checkAggregator(ctx context.Context) error {
	version := apiregistrationv1.SchemeGroupVersion.String()
	if err := e.kubernetes.Discovery().RESTClient().Get().AbsPath("/apis", version).Do(ctx).Error(); err != nil {
		return fmt.Errorf("asking kube-apiserver for %s: %w; is it among its --runtime-config?", version, err)
	}
	return nil
}

func (e *Extension) createIdentity(ctx context.Context) error {
	objects := e.options.Installation.Identity()
	if e.options.SelfCertificates {
		objects = append(objects, e.options.Installation.Certificates()...)
	}
	return e.options.Apply(ctx, CreateIdentity, objects...)
}

// issueCertificates makes an authority and the serving certificate. The
// certificate is good for the address too, for those who dial the server
// directly.
func (e *Extension) issueCertificates(context.Context) error {
	authority, err := certs.NewAuthority(e.Name()+"-ca", certs.Options{})
	if err != nil {
		return err
	}
	names := certs.ServiceNames(e.Name(), e.namespace, "cluster.local")
	serving, err := authority.IssueServer(names, net.ParseIP(e.plane.BindAddress()))
	if err != nil {
		return err
	}
	e.serving, e.ca = serving, authority.CertificatePEM()
	return nil
}

// The Secret's entry for the authority's certificate, as cert-manager names it.
const secretCAKey = "ca.crt"

func (e *Extension) secretName() string { return e.Name() + "-serving" }

func (e *Extension) storeCertificates(ctx context.Context) error {
	return e.options.Apply(ctx, StoreCertificates, &corev1.Secret{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{Namespace: e.namespace, Name: e.secretName()},
		Type:       corev1.SecretTypeTLS,
		Data: map[string][]byte{
			corev1.TLSCertKey:       e.serving.CertificatePEM,
			corev1.TLSPrivateKeyKey: e.serving.KeyPEM,
			secretCAKey:             e.ca,
		},
	})
}

func (e *Extension) grantServerAccess(ctx context.Context) error {
	return e.options.Apply(ctx, GrantServerAccess, e.options.Installation.ServerAccess()...)
}

// startServer starts the server as its ServiceAccount, with the certificate
// that the Secret holds, as a Pod would have both.
func (e *Extension) startServer(ctx context.Context) error {
	command, err := e.Replica(ctx, e.Name(), e.port)
	if err != nil {
		return err
	}
	if err := e.run(ctx, command); err != nil {
		return err
	}
	if e.options.SelfCertificates {
		e.ca, err = e.bundle(ctx)
	}
	return err
}

// Replica is the command of a process of the server that listens on the given
// port of Plane.BindAddress; its log has the given name. The steps before
// StartServer must have been taken. The process is the caller's, and so is the
// way to it.
func (e *Extension) Replica(ctx context.Context, name string, port *port.Reservation) (process.Command, error) {
	certificates, err := e.certificateFlags(ctx)
	if err != nil {
		return process.Command{}, err
	}
	kubeconfig, err := e.writeKubeconfig(ctx)
	if err != nil {
		return process.Command{}, err
	}
	args := []string{
		"--bind-address=" + e.plane.BindAddress(),
		"--secure-port=" + port.String(),
		"--permit-port-sharing", // The port is reserved: see package port.
		"--kubeconfig=" + kubeconfig,
	}
	args = append(args, certificates...)
	if e.options.Installation.Definition.Stored() {
		storage := e.options.Storage
		if storage == nil {
			storage = e.plane.EtcdFlags()
		}
		args = append(args, storage...)
	}
	return process.Command{
		Name:    name,
		Path:    e.options.Program,
		Args:    append(append(args, e.plane.VersionFlags()...), e.options.Args...),
		Env:     e.options.Env,
		LogFile: filepath.Join(e.plane.LogDir(), name+".log"),
		Ready:   func(ctx context.Context) error { return e.ready(ctx, port) },
	}, nil
}

// certificateFlags are those about the serving certificate.
func (e *Extension) certificateFlags(ctx context.Context) ([]string, error) {
	if e.options.SelfCertificates {
		return []string{"--certificates=self", "--service-namespace=" + e.namespace}, nil
	}
	certificateFile, keyFile, err := e.mountSecret(ctx)
	return []string{"--tls-cert-file=" + certificateFile, "--tls-private-key-file=" + keyFile}, err
}

// ready asks the process of the server on a port whether it is.
func (e *Extension) ready(ctx context.Context, port *port.Reservation) error {
	bundle, err := e.bundle(ctx)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(bundle)
	return process.Answers("https://"+port.Address()+"/readyz", &tls.Config{
		MinVersion: tls.VersionTLS12, RootCAs: roots, ServerName: e.ServerName(),
	})(ctx)
}

// bundle is what verifies the server's certificate now.
func (e *Extension) bundle(ctx context.Context) ([]byte, error) {
	if !e.options.SelfCertificates {
		return e.ca, nil
	}
	name := apiserver.CertificatesSecret(e.Name())
	secret, err := e.kubernetes.CoreV1().Secrets(e.namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("reading Secret %s/%s, which the server fills: %w", e.namespace, name, err)
	}
	return secret.Data[rotation.BundleKey], nil
}

func (e *Extension) mountSecret(ctx context.Context) (certificateFile, keyFile string, err error) {
	secret, err := e.kubernetes.CoreV1().Secrets(e.namespace).Get(ctx, e.secretName(), metav1.GetOptions{})
	if err != nil {
		return "", "", fmt.Errorf("reading Secret %s/%s: %w", e.namespace, e.secretName(), err)
	}
	certificateFile, keyFile = filepath.Join(e.dir, corev1.TLSCertKey), filepath.Join(e.dir, corev1.TLSPrivateKeyKey)
	pair := certs.Pair{CertificatePEM: secret.Data[corev1.TLSCertKey], KeyPEM: secret.Data[corev1.TLSPrivateKeyKey]}
	return certificateFile, keyFile, pair.WriteFiles(certificateFile, keyFile)
}

func (e *Extension) writeKubeconfig(ctx context.Context) (string, error) {
	name := filepath.Join(e.dir, "kubeconfig")
	return name, e.plane.WriteServiceAccountKubeconfig(ctx, name, e.namespace, e.Name())
}

func (e *Extension) grantUserAccess(ctx context.Context) error {
	return e.options.Apply(ctx, GrantUserAccess, e.options.Installation.UserAccess()...)
}

// routeService makes the Service. It is the one object that a cluster with
// nodes has otherwise.
func (e *Extension) routeService(ctx context.Context) error {
	objects, _ := e.route()
	return e.options.Apply(ctx, RouteService, objects...)
}

func (e *Extension) route() ([]runtime.Object, int32) {
	return e.plane.RouteObjects(e.namespace, e.Name(), e.port.Number())
}

func (e *Extension) registerAPIServices(ctx context.Context) error {
	_, servicePort := e.route()
	var bundle []byte // Which a server that makes its own certificates sets.
	if !e.options.SelfCertificates {
		bundle = e.ca
	}
	objects := e.options.Installation.APIServices(bundle)
	for _, object := range objects {
		if apiService, ok := object.(*apiregistrationv1.APIService); ok {
			apiService.Spec.Service.Port = ptr.To(servicePort)
		}
	}
	return e.options.Apply(ctx, RegisterAPIService, objects...)
}
