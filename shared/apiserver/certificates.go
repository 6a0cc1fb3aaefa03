package apiserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"
	genericapiserver "k8s.io/apiserver/pkg/server"

	"example.com/annex/shared/certs"
	"example.com/annex/shared/certs/rotation"
)

// The ways to come by a serving certificate.
const (
	// CertificatesSelf has the server make its own authority and certificate, share them with its replicas in a Secret,
	// renew both, and keep spec.caBundle of its APIServices: package rotation.
	CertificatesSelf = "self"
	// CertificatesFiles serves --tls-cert-file and --tls-private-key-file, and follows their changes. Whoever writes them
	// sees to spec.caBundle: a person, or cert-manager with its CA injector.
	CertificatesFiles = "files"
	// CertificatesTemporary serves a self-signed certificate that lives as long as the process. Nobody can verify it: it is
	// for trying a server out.
	CertificatesTemporary = "temporary"
)

// Certificates are where the serving certificate comes from.
type Certificates struct {
	// Mode is one of the constants above. Empty means CertificatesFiles where there is a --tls-cert-file, else
	// CertificatesSelf in a pod, else CertificatesTemporary.
	Mode string
	// Service and Namespace are the Service that leads to the server: the names in the certificate follow from them, and the
	// Secret is in the same namespace. They are the Definition's name, and the pod's namespace, by default.
	Service, Namespace string
	// ClusterDomain is the cluster's DNS domain, for those who call the server by its longer name. Empty leaves that name out.
	ClusterDomain string
	// AuthorityValidity, ServingValidity and Propagation are rotation.Options'.
	AuthorityValidity, ServingValidity, Propagation time.Duration
}

// podNamespaceFile is where a pod finds its namespace
// (https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/).
const podNamespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

func newCertificates(definition Definition) *Certificates {
	namespace, _ := os.ReadFile(podNamespaceFile) // Outside of pods there is none.
	return &Certificates{
		Service:           definition.Name,
		Namespace:         strings.TrimSpace(string(namespace)),
		ClusterDomain:     "cluster.local",
		AuthorityValidity: rotation.DefaultAuthorityValidity,
		ServingValidity:   rotation.DefaultServingValidity,
		Propagation:       rotation.DefaultPropagation,
	}
}

func (c *Certificates) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&c.Mode, "certificates", c.Mode, `where the serving certificate comes from: "self" (the server makes and renews it, shares it with its replicas in the Secret SERVICE-certificates, and keeps spec.caBundle of its APIServices), "files" (--tls-cert-file, followed when it changes) or "temporary" (self-signed, for trying out). By default "files" where --tls-cert-file is set, else "self" in a pod, else "temporary"`)
	flags.StringVar(&c.Service, "service-name", c.Service, "the Service that leads to this server, with --certificates=self")
	flags.StringVar(&c.Namespace, "service-namespace", c.Namespace, "the namespace of --service-name; by default the pod's")
	flags.StringVar(&c.ClusterDomain, "cluster-domain", c.ClusterDomain, "the cluster's DNS domain, with --certificates=self; empty leaves the longer name out of the certificate")
	flags.DurationVar(&c.AuthorityValidity, "ca-validity", c.AuthorityValidity, "the life of a certificate authority, with --certificates=self; another takes over after two thirds of it")
	flags.DurationVar(&c.ServingValidity, "serving-certificate-validity", c.ServingValidity, "the life of a serving certificate, with --certificates=self; it is renewed after two thirds of it")
	flags.DurationVar(&c.Propagation, "ca-propagation", c.Propagation, "how long a new spec.caBundle must have been in place, for every kube-apiserver to hear of it, before a certificate of its authority is served")
}

// certificatesMode is what Certificates.Mode means.
func (o *Options) certificatesMode() string {
	switch {
	case o.Certificates.Mode != "":
		return o.Certificates.Mode
	case o.SecureServing.ServerCert.CertKey.CertFile != "" || o.SecureServing.ServerCert.CertDirectory != "":
		return CertificatesFiles
	case o.Certificates.Namespace != "":
		return CertificatesSelf
	}
	return CertificatesTemporary
}

func (o *Options) validateCertificates() []error {
	certFile := o.SecureServing.ServerCert.CertKey.CertFile
	switch mode := o.certificatesMode(); mode {
	case CertificatesFiles:
		if certFile == "" && o.SecureServing.ServerCert.CertDirectory == "" {
			return []error{errors.New("--certificates=files: set --tls-cert-file and --tls-private-key-file")}
		}
	case CertificatesSelf:
		var errs []error
		if certFile != "" {
			errs = append(errs, fmt.Errorf("--certificates=self and --tls-cert-file=%s: a server that makes its own certificate takes none; leave one out", certFile))
		}
		if o.Certificates.Namespace == "" {
			errs = append(errs, errors.New("--certificates=self: this is not a pod, so name the Service's namespace with --service-namespace"))
		}
		// To package rotation zero means its default, which is not what somebody means who writes it.
		if c := o.Certificates; c.AuthorityValidity <= 0 || c.ServingValidity <= 0 || c.Propagation <= 0 {
			errs = append(errs, fmt.Errorf("--ca-validity=%s, --serving-certificate-validity=%s, --ca-propagation=%s: each must be more than 0",
				c.AuthorityValidity, c.ServingValidity, c.Propagation))
		} else if err := o.rotation().Validate(); err != nil && c.Namespace != "" {
			errs = append(errs, fmt.Errorf("--ca-validity=%s, --serving-certificate-validity=%s, --ca-propagation=%s: %w",
				o.Certificates.AuthorityValidity, o.Certificates.ServingValidity, o.Certificates.Propagation, err))
		}
		return errs
	case CertificatesTemporary:
	default:
		return []error{fmt.Errorf("--certificates=%q: want self, files or temporary", mode)}
	}
	return nil
}

// rotation are the options of the server's own certificates.
func (o *Options) rotation() rotation.Options {
	c := o.Certificates
	return rotation.Options{
		Namespace:         c.Namespace,
		Secret:            CertificatesSecret(c.Service),
		Authority:         c.Service + "." + c.Namespace,
		Names:             certs.ServiceNames(c.Service, c.Namespace, c.ClusterDomain),
		AuthorityValidity: c.AuthorityValidity,
		ServingValidity:   c.ServingValidity,
		Propagation:       c.Propagation,
		Service:           c.Service,
		APIServices:       o.Definition.apiServices(),
	}
}

// CertificatesSecret is the name of the Secret in which the replicas behind a Service share their certificates.
func CertificatesSecret(service string) string { return service + "-certificates" }

// certificateTimeout is how long a starting server waits for kube-apiserver to give it a certificate.
const certificateTimeout = time.Minute

// applyCertificates sees to it that there is something to serve with. What keeps it good runs as a hook of the server.
func (o *Options) applyCertificates(c *genericapiserver.RecommendedConfig, b *background) error {
	if o.certificatesMode() != CertificatesSelf {
		names := []string{o.Definition.Name}
		if err := o.SecureServing.MaybeDefaultWithSelfSignedCerts("localhost", names, []net.IP{net.IPv4(127, 0, 0, 1)}); err != nil {
			return fmt.Errorf("making a self-signed serving certificate: %w", err)
		}
		return nil
	}
	controller, err := rotation.New(c.ClientConfig, o.rotation())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), certificateTimeout)
	defer cancel()
	if err := controller.Prepare(ctx); err != nil {
		return fmt.Errorf("--certificates=self: %w; install the server's manifests first, or serve files with --certificates=files", err)
	}
	o.SecureServing.ServerCert.GeneratedCert = controller.Content()
	return c.AddPostStartHook("rotate-certificates", b.hook(controller.Run))
}
