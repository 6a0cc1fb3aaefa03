package certificates_test

import (
	"bytes"
	"crypto/x509"
	"strings"
	"testing"

	"golang.org/x/crypto/x509roots/fallback/bundle"

	"example.com/annex/tools/image/certificates"
)

// TestWrite: what Go reads from the file is what the bundle has, without the constrained ones.
func TestWrite(t *testing.T) {
	t.Parallel()
	var written bytes.Buffer
	if err := certificates.Write(&written); err != nil {
		t.Fatal(err)
	}
	got, want := x509.NewCertPool(), x509.NewCertPool()
	if !got.AppendCertsFromPEM(written.Bytes()) {
		t.Fatal("no certificates in the bundle")
	}
	total := 0
	for root := range bundle.Roots() {
		total++
		if root.Constraint != nil {
			continue
		}
		certificate, err := x509.ParseCertificate(root.Certificate)
		if err != nil {
			t.Fatal(err)
		}
		want.AddCert(certificate)
	}
	if !got.Equal(want) {
		t.Error("the bundle is not what Mozilla trusts without a constraint")
	}
	// Mozilla has had more than 100 for many years.
	if written := strings.Count(written.String(), "BEGIN CERTIFICATE"); written < 100 || written > total {
		t.Errorf("%d certificates of %d", written, total)
	}
}
