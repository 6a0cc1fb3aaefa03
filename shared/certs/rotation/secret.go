package rotation

import (
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"example.com/annex/shared/certs"
)

// The keys of the Secret, besides those of type kubernetes.io/tls: tls.crt and tls.key.
const (
	// BundleKey has what belongs into caBundle.
	BundleKey = "ca.crt"

	signerCertificateKey   = "signer.crt"
	signerKeyKey           = "signer.key"
	nextCertificateKey     = "next.crt"
	nextKeyKey             = "next.key"
	previousCertificateKey = "previous.crt"
)

// Encode is the Secret with the state.
func (s *State) Encode(o Options) (*corev1.Secret, error) {
	signerKey, err := s.Signer.KeyPEM()
	if err != nil {
		return nil, err
	}
	data := map[string][]byte{
		corev1.TLSCertKey:       s.Serving.CertificatePEM,
		corev1.TLSPrivateKeyKey: s.Serving.KeyPEM,
		BundleKey:               s.Bundle(),
		signerCertificateKey:    s.Signer.CertificatePEM(),
		signerKeyKey:            signerKey,
	}
	if s.Next != nil {
		data[nextCertificateKey] = s.Next.CertificatePEM()
		if data[nextKeyKey], err = s.Next.KeyPEM(); err != nil {
			return nil, err
		}
	}
	if s.Previous != nil {
		data[previousCertificateKey] = certs.EncodeCertificate(s.Previous)
	}
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: o.Namespace, Name: o.Secret},
		Type:       corev1.SecretTypeTLS,
		Data:       data,
	}, nil
}

// Decode reads a state from its Secret.
func Decode(secret *corev1.Secret, o Options) (*State, error) {
	fail := func(err error) (*State, error) {
		return nil, fmt.Errorf("reading the certificates in Secret %s/%s: %w; delete it if it is nobody's, to have it made anew", secret.Namespace, secret.Name, err)
	}
	options := o.withDefaults().authority()
	s := &State{Serving: &certs.Pair{CertificatePEM: secret.Data[corev1.TLSCertKey], KeyPEM: secret.Data[corev1.TLSPrivateKeyKey]}}
	var err error
	if s.Signer, err = certs.ParseAuthority(secret.Data[signerCertificateKey], secret.Data[signerKeyKey], options); err != nil {
		return fail(fmt.Errorf("%s and %s: %w", signerCertificateKey, signerKeyKey, err))
	}
	if _, ok := secret.Data[nextCertificateKey]; ok {
		if s.Next, err = certs.ParseAuthority(secret.Data[nextCertificateKey], secret.Data[nextKeyKey], options); err != nil {
			return fail(fmt.Errorf("%s and %s: %w", nextCertificateKey, nextKeyKey, err))
		}
	}
	if previous, ok := secret.Data[previousCertificateKey]; ok {
		if s.Previous, err = certs.ParseCertificate(previous); err != nil {
			return fail(fmt.Errorf("%s: %w", previousCertificateKey, err))
		}
	}
	serving, err := s.Serving.TLS()
	if err != nil {
		return fail(err)
	}
	if serving.Leaf.CheckSignatureFrom(s.Signer.Certificate()) != nil {
		return fail(errors.New("the serving certificate is not of the authority"))
	}
	return s, nil
}
