package certificates

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// Path is where Go, and most other programs on Linux, look for the bundle (crypto/x509, root_linux.go).
const Path = "/etc/ssl/certs/ca-certificates.crt"

// Write writes the bundle as PEM, with the subject above each certificate. Authorities that Mozilla trusts with a
// constraint, such as a date after which they must not issue, are left out: PEM can't say that.
func Write(w io.Writer) error {
	for root := range bundle.Roots() {
		if root.Constraint != nil {
			continue
		}
		certificate, err := x509.ParseCertificate(root.Certificate)
		if err != nil {
			return fmt.Errorf("reading a certificate authority: %w", err)
		}
		if _, err := fmt.Fprintf(w, "# %s\n", certificate.Subject); err != nil {
			return err
		}
		if err := pem.Encode(w, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}); err != nil {
			return err
		}
	}
	return nil
}
