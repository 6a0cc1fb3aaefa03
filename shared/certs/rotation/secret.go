package rotation

import (
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"example.com/annex/shared/certs"
)

// SecretType is the type of the Secret. It is none of Kubernetes' own: kubernetes.io/tls demands keys, and a manifest that had
// them, though empty, would empty them again whenever it is applied. The keys of that type, tls.crt and tls.key, are there.
const SecretType corev1.SecretType = "annex.example.com/certificates"

// The keys of the Secret, besides tls.crt and tls.key.
const (
	// BundleKey has what belongs into caBundle.
	BundleKey = "ca.crt"

	signerCertificateKey   = "signer.crt"
	signerKeyKey           = "signer.key"
	nextCertificateKey     = "next.crt"
	nextKeyKey             = "next.key"
	previousCertificateKey = "previous.crt"
)

// keys are all keys that are ours.
var keys = []string{
	corev1.TLSCertKey, corev1.TLSPrivateKeyKey, BundleKey, signerCertificateKey, signerKeyKey, nextCertificateKey, nextKeyKey,
	previousCertificateKey,
}

// EmptySecret is the Secret as manifests have it. A server fills it; applying it again leaves what is in it.
func EmptySecret(meta metav1.ObjectMeta) *corev1.Secret {
	return &corev1.Secret{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: meta,
		Type:       SecretType,
	}
}

// Empty says whether a Secret is one that a server may fill: of the right type, and with none of its keys.
func Empty(secret *corev1.Secret) bool {
	return secret.Type == SecretType && !slices.ContainsFunc(keys, func(key string) bool { _, ok := secret.Data[key]; return ok })
}

// Encode puts the state into its Secret. Whatever else the Secret has stays: its metadata, and keys of others.
func (s *State) Encode(secret *corev1.Secret) error {
	signerKey, err := s.Signer.KeyPEM()
	if err != nil {
		return err
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
			return err
		}
	}
	if s.Previous != nil {
		data[previousCertificateKey] = certs.EncodeCertificate(s.Previous)
	}
	for key, value := range secret.Data {
		if !slices.Contains(keys, key) {
			data[key] = value
		}
	}
	secret.Data = data
	return nil
}

// Decode reads a state from its Secret.
func Decode(secret *corev1.Secret, o Options) (*State, error) {
	fail := func(err error) (*State, error) {
		return nil, fmt.Errorf("reading the certificates in Secret %s/%s: %w; if it is nobody's, delete it and apply the server's manifests, to have it made anew", secret.Namespace, secret.Name, err)
	}
	if secret.Type != SecretType {
		return fail(fmt.Errorf("it is of type %s, want %s", secret.Type, SecretType))
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
