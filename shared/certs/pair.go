package certs

import (
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"
)

// Pair is a certificate and its private key, both in PEM: the two entries of a
// kubernetes.io/tls Secret.
type Pair struct {
	// CertificatePEM is the certificate, followed by intermediates if any.
	CertificatePEM []byte
	// KeyPEM is the private key in PKCS #8. It is a secret.
	KeyPEM []byte
}

// TLS is the pair in the form that a tls.Config takes.
func (p *Pair) TLS() (tls.Certificate, error) {
	certificate, err := tls.X509KeyPair(p.CertificatePEM, p.KeyPEM)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("reading a certificate and its key: %w", err)
	}
	return certificate, nil
}

// WriteFiles writes the pair to two files, of which only the owner may read the
// key. Each file is replaced as a whole, the key first, so that a server that
// watches the certificate never reads half a file.
func (p *Pair) WriteFiles(certificateFile, keyFile string) error {
	if err := replaceFile(keyFile, p.KeyPEM, 0o600); err != nil {
		return fmt.Errorf("writing a private key: %w", err)
	}
	if err := replaceFile(certificateFile, p.CertificatePEM, 0o644); err != nil {
		return fmt.Errorf("writing a certificate: %w", err)
	}
	return nil
}

func replaceFile(name string, content []byte, mode os.FileMode) error {
	file, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err == nil {
		err = file.Chmod(mode)
	}
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(file.Name(), name)
	}
	if err != nil {
		_ = os.Remove(file.Name()) // What went wrong is in err already.
	}
	return err
}
