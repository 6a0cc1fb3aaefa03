package certs

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net"
	"time"

	"k8s.io/apimachinery/pkg/util/validation"
)

const (
	// DefaultAuthorityValidity is how long an authority's own certificate is
	// valid: ten years, as kubeadm's (kubeadmconstants.CACertificateValidity).
	DefaultAuthorityValidity = 10 * 365 * 24 * time.Hour

	// DefaultValidity is how long an issued certificate is valid: one year, as
	// kubeadm's (kubeadmconstants.CertificateValidity).
	DefaultValidity = 365 * 24 * time.Hour

	// Backdate allows for clocks that are behind the issuer's. Five minutes is
	// what kube-controller-manager's signer allows
	// (k8s.io/kubernetes/pkg/controller/certificates/signer).
	Backdate = 5 * time.Minute
)

// Options are what an Authority may differ in. The zero value is good.
type Options struct {
	// AuthorityValidity is the life of a new authority's certificate.
	// Zero means DefaultAuthorityValidity. ParseAuthority ignores it.
	AuthorityValidity time.Duration

	// Validity is the life of the certificates that the authority issues, cut
	// short where the authority's own ends before. Zero means DefaultValidity.
	Validity time.Duration

	// Now is the clock. Nil means time.Now.
	Now func() time.Time
}

func (o Options) withDefaults() Options {
	if o.AuthorityValidity == 0 {
		o.AuthorityValidity = DefaultAuthorityValidity
	}
	if o.Validity == 0 {
		o.Validity = DefaultValidity
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Authority is a certificate authority with its key. It is immutable and may be
// used by several goroutines at once.
type Authority struct {
	certificate *x509.Certificate
	key         crypto.Signer
	options     Options
}

// NewAuthority makes a self-signed authority with a fresh key. commonName is
// its subject, by which people tell authorities apart; two authorities of one
// name are still two, because their key identifiers differ.
func NewAuthority(commonName string, options Options) (*Authority, error) {
	if commonName == "" {
		return nil, errors.New("making a certificate authority: its common name is empty")
	}
	options = options.withDefaults()
	key, err := newKey()
	if err != nil {
		return nil, fmt.Errorf("making certificate authority %q: %w", commonName, err)
	}
	now := options.Now()
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: commonName},
		NotBefore:             now.Add(-Backdate),
		NotAfter:              now.Add(options.AuthorityValidity),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
	}
	certificate, err := sign(template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("making certificate authority %q: %w", commonName, err)
	}
	return &Authority{certificate: certificate, key: key, options: options}, nil
}

// ParseAuthority reads an authority back from the PEM that CertificatePEM and
// KeyPEM returned. It fails when the certificate is not an authority's, or the
// key is not the certificate's.
func ParseAuthority(certificatePEM, keyPEM []byte, options Options) (*Authority, error) {
	certificate, err := ParseCertificate(certificatePEM)
	if err != nil {
		return nil, fmt.Errorf("reading a certificate authority: %w", err)
	}
	name := certificate.Subject.CommonName
	if !certificate.IsCA {
		return nil, fmt.Errorf("reading certificate authority %q: the certificate may not issue others (CA:FALSE)", name)
	}
	key, err := parseKey(keyPEM)
	if err != nil {
		return nil, fmt.Errorf("reading certificate authority %q: %w", name, err)
	}
	public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(certificate.PublicKey) {
		return nil, fmt.Errorf("reading certificate authority %q: the key belongs to another certificate", name)
	}
	return &Authority{certificate: certificate, key: key, options: options.withDefaults()}, nil
}

// Certificate is the authority's own certificate. Do not modify it.
func (a *Authority) Certificate() *x509.Certificate { return a.certificate }

// CertificatePEM is what verifies the authority's certificates: an APIService's
// spec.caBundle, or a file for --client-ca-file. It holds no secret.
func (a *Authority) CertificatePEM() []byte { return EncodeCertificate(a.certificate) }

// KeyPEM is the authority's private key in PKCS #8.
func (a *Authority) KeyPEM() ([]byte, error) { return EncodeKey(a.key) }

// Pool holds the authority alone, for a tls.Config.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

// IssueServer issues a serving certificate for DNS names, and IP addresses if
// there are any; the first of them is also the subject. A server that
// kube-apiserver dials as a Service needs the names that ServiceNames returns.
func (a *Authority) IssueServer(names []string, ips ...net.IP) (*Pair, error) {
	subject, err := serverSubject(names, ips)
	if err != nil {
		return nil, fmt.Errorf("issuing a serving certificate from %q: %w", a.name(), err)
	}
	return a.issue(&x509.Certificate{
		Subject:     pkix.Name{CommonName: subject},
		DNSNames:    names,
		IPAddresses: ips,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
}

// IssuePeer issues a certificate that its holder may both serve with and
// present as a client, for a member of a cluster such as etcd's.
func (a *Authority) IssuePeer(names []string, ips ...net.IP) (*Pair, error) {
	subject, err := serverSubject(names, ips)
	if err != nil {
		return nil, fmt.Errorf("issuing a peer certificate from %q: %w", a.name(), err)
	}
	return a.issue(&x509.Certificate{
		Subject:     pkix.Name{CommonName: subject},
		DNSNames:    names,
		IPAddresses: ips,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	})
}

// IssueClient issues a client certificate. Kubernetes takes the common name for
// the user and the organizations for his groups
// (k8s.io/apiserver/pkg/authentication/request/x509, CommonNameUserConversion).
func (a *Authority) IssueClient(user string, groups ...string) (*Pair, error) {
	if user == "" {
		return nil, fmt.Errorf("issuing a client certificate from %q: the user's name is empty", a.name())
	}
	return a.issue(&x509.Certificate{
		Subject:     pkix.Name{CommonName: user, Organization: groups},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
}

func (a *Authority) name() string { return a.certificate.Subject.CommonName }

func (a *Authority) issue(template *x509.Certificate) (*Pair, error) {
	subject := template.Subject.CommonName
	now := a.options.Now()
	if !now.Before(a.certificate.NotAfter) {
		return nil, fmt.Errorf("issuing a certificate for %q: the authority %q expired at %s; make a new authority",
			subject, a.name(), a.certificate.NotAfter.Format(time.RFC3339))
	}
	key, err := newKey()
	if err != nil {
		return nil, fmt.Errorf("issuing a certificate for %q: %w", subject, err)
	}
	template.NotBefore = now.Add(-Backdate)
	template.NotAfter = now.Add(a.options.Validity)
	if template.NotAfter.After(a.certificate.NotAfter) {
		template.NotAfter = a.certificate.NotAfter
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.BasicConstraintsValid = true
	certificate, err := sign(template, a.certificate, key.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("issuing a certificate for %q from %q: %w", subject, a.name(), err)
	}
	keyPEM, err := EncodeKey(key)
	if err != nil {
		return nil, fmt.Errorf("issuing a certificate for %q: %w", subject, err)
	}
	return &Pair{CertificatePEM: EncodeCertificate(certificate), KeyPEM: keyPEM}, nil
}

// serverSubject checks names and picks the one that becomes the subject. A name
// that no client could ever verify is refused here, where it can be told apart
// from a wrong authority.
func serverSubject(names []string, ips []net.IP) (string, error) {
	for _, name := range names {
		if len(validation.IsDNS1123Subdomain(name)) > 0 && len(validation.IsWildcardDNS1123Subdomain(name)) > 0 {
			return "", fmt.Errorf("%q is not a DNS name; give IP addresses as such", name)
		}
	}
	switch {
	case len(names) > 0 && len(names[0]) <= maxCommonName:
		return names[0], nil
	case len(names) > 0:
		// Verifiers look at the alternative names only (RFC 6125, 6.4.4): the
		// subject may be anything that fits.
		return names[0][:maxCommonName], nil
	case len(ips) > 0:
		return ips[0].String(), nil
	}
	return "", errors.New("no DNS name and no IP address was given")
}

// maxCommonName is ub-common-name of RFC 5280, appendix A.
const maxCommonName = 64

func newKey() (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generating an ECDSA P-256 key: %w", err)
	}
	return key, nil
}

func sign(template, parent *x509.Certificate, public crypto.PublicKey, signer crypto.Signer) (*x509.Certificate, error) {
	// Positive, at most 20 octets, at least 64 random bits: RFC 5280, 4.1.2.2,
	// and the CA/Browser Forum's baseline requirements, 7.1.
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("choosing a serial number: %w", err)
	}
	template.SerialNumber = serial.Add(serial, big.NewInt(1))
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, signer)
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	return x509.ParseCertificate(der)
}
