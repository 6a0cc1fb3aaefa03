package certs

import (
	"bytes"
	"testing"
)

// FuzzParseAuthority reads what may be an authority, or a pair. What is accepted is the same when it is written and read once more,
// and issues certificates that it has signed, unless it says why not.
func FuzzParseAuthority(f *testing.F) {
	ca, err := NewAuthority("fuzz-ca", Options{})
	if err != nil {
		f.Fatal(err)
	}
	key, err := ca.KeyPEM()
	if err != nil {
		f.Fatal(err)
	}
	serving, err := ca.IssueServer([]string{"localhost"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(ca.CertificatePEM(), key)
	f.Add(serving.CertificatePEM, serving.KeyPEM)
	f.Add(append(serving.CertificatePEM, ca.CertificatePEM()...), serving.KeyPEM)
	f.Add(key, ca.CertificatePEM())
	f.Add([]byte("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"), []byte("-----BEGIN EC PRIVATE KEY-----\nAA==\n-----END EC PRIVATE KEY-----\n"))
	f.Add([]byte{}, []byte("-----BEGIN RSA PRIVATE KEY-----\nMAA=\n-----END RSA PRIVATE KEY-----\n"))
	f.Fuzz(func(t *testing.T, certificatePEM, keyPEM []byte) {
		// A pair is good or bad, and no more than that.
		_, _ = (&Pair{CertificatePEM: certificatePEM, KeyPEM: keyPEM}).TLS()
		first, err := ParseAuthority(certificatePEM, keyPEM, Options{})
		if err != nil {
			if err.Error() == "" {
				t.Error("it is refused, and nothing says why")
			}
			return
		}
		written, err := first.KeyPEM()
		if err != nil {
			t.Fatalf("writing a key that was read: %v", err)
		}
		second, err := ParseAuthority(first.CertificatePEM(), written, Options{})
		if err != nil {
			t.Fatalf("reading once more what was written: %v", err)
		}
		if !bytes.Equal(first.CertificatePEM(), second.CertificatePEM()) {
			t.Error("written and read once more, it is another")
		}
		issued, err := second.IssueServer([]string{"localhost"})
		if err != nil {
			return // Expired, say.
		}
		pair, err := issued.TLS()
		if err != nil {
			t.Fatalf("reading what was issued: %v", err)
		}
		if err := second.Certificate().CheckSignature(pair.Leaf.SignatureAlgorithm, pair.Leaf.RawTBSCertificate, pair.Leaf.Signature); err != nil {
			t.Errorf("it has not signed what it issued: %v", err)
		}
	})
}
