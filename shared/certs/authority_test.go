package certs

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
)

func newTestAuthority(t *testing.T, options Options) *Authority {
	t.Helper()
	ca, err := NewAuthority("test-ca", options)
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

func leaf(t *testing.T, pair *Pair, err error) *x509.Certificate {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := pair.TLS()
	if err != nil {
		t.Fatal(err)
	}
	return certificate.Leaf
}

func TestServerCertificateVerifies(t *testing.T) {
	t.Parallel()
	ca, other := newTestAuthority(t, Options{}), newTestAuthority(t, Options{})
	pair, err := ca.IssueServer(ServiceNames("capacity", "annex-system", "cluster.local"), net.IPv4(127, 0, 0, 1))
	certificate := leaf(t, pair, err)

	for _, tc := range []struct {
		name   string
		roots  *x509.CertPool
		host   string
		usage  x509.ExtKeyUsage
		reason string // part of the error; empty when it verifies
	}{
		{name: "service name", roots: ca.Pool(), host: "capacity.annex-system.svc", usage: x509.ExtKeyUsageServerAuth},
		{name: "cluster domain", roots: ca.Pool(), host: "capacity.annex-system.svc.cluster.local", usage: x509.ExtKeyUsageServerAuth},
		{name: "address", roots: ca.Pool(), host: "127.0.0.1", usage: x509.ExtKeyUsageServerAuth},
		{name: "another service", roots: ca.Pool(), host: "topology.annex-system.svc", usage: x509.ExtKeyUsageServerAuth, reason: "not topology.annex-system.svc"},
		{name: "as a client", roots: ca.Pool(), host: "capacity.annex-system.svc", usage: x509.ExtKeyUsageClientAuth, reason: "incompatible key usage"},
		{name: "another authority of that name", roots: other.Pool(), host: "capacity.annex-system.svc", usage: x509.ExtKeyUsageServerAuth, reason: "unknown authority"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := certificate.Verify(x509.VerifyOptions{Roots: tc.roots, DNSName: tc.host, KeyUsages: []x509.ExtKeyUsage{tc.usage}})
			switch {
			case tc.reason == "" && err != nil:
				t.Fatalf("does not verify: %v", err)
			case tc.reason != "" && err == nil:
				t.Fatalf("verifies, and should fail with %q", tc.reason)
			case tc.reason != "" && !strings.Contains(err.Error(), tc.reason):
				t.Fatalf("fails with %q, want %q", err, tc.reason)
			}
		})
	}
}

func TestClientCertificateCarriesUserAndGroups(t *testing.T) {
	t.Parallel()
	ca := newTestAuthority(t, Options{})
	pair, err := ca.IssueClient("jane", "operators", "system:authenticated")
	certificate := leaf(t, pair, err)
	if got := certificate.Subject.CommonName; got != "jane" {
		t.Errorf("user is %q, want jane", got)
	}
	groups := slices.Sorted(slices.Values(certificate.Subject.Organization))
	if want := []string{"operators", "system:authenticated"}; !slices.Equal(groups, want) {
		t.Errorf("groups are %q, want %q", groups, want)
	}
	options := x509.VerifyOptions{Roots: ca.Pool(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	if _, err := certificate.Verify(options); err != nil {
		t.Errorf("does not verify as a client: %v", err)
	}
	options.KeyUsages = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	if _, err := certificate.Verify(options); err == nil {
		t.Error("a client certificate verifies as a server's")
	}
}

func TestPeerServesAndDials(t *testing.T) {
	t.Parallel()
	ca := newTestAuthority(t, Options{})
	pair, err := ca.IssuePeer(nil, net.IPv4(127, 0, 0, 1))
	leaf(t, pair, err)
	certificate, err := pair.TLS()
	if err != nil {
		t.Fatal(err)
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{certificate},
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ca.Pool(),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	served := make(chan error, 1)
	go func() {
		conn, err := listener.Accept()
		if err == nil {
			defer conn.Close()
			_, err = conn.Write([]byte("ok"))
		}
		served <- err
	}()
	conn, err := tls.Dial("tcp", listener.Addr().String(), &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{certificate}, RootCAs: ca.Pool(),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Read(make([]byte, 2)); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func TestAuthorityComesBackFromPEM(t *testing.T) {
	t.Parallel()
	ca := newTestAuthority(t, Options{})
	key, err := ca.KeyPEM()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseAuthority(ca.CertificatePEM(), key, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again.CertificatePEM(), ca.CertificatePEM()) {
		t.Error("the certificate changed on the way")
	}
	pair, err := again.IssueServer([]string{"localhost"})
	if _, err := leaf(t, pair, err).Verify(x509.VerifyOptions{Roots: ca.Pool(), DNSName: "localhost"}); err != nil {
		t.Errorf("what the parsed authority issues does not verify against the first: %v", err)
	}
}

func TestParseAuthorityRefuses(t *testing.T) {
	t.Parallel()
	ca, other := newTestAuthority(t, Options{}), newTestAuthority(t, Options{})
	key, err := ca.KeyPEM()
	if err != nil {
		t.Fatal(err)
	}
	otherKey, err := other.KeyPEM()
	if err != nil {
		t.Fatal(err)
	}
	pair, err := ca.IssueServer([]string{"localhost"})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name             string
		certificate, key []byte
		want             string
	}{
		{"nothing", nil, nil, "no PEM block of type CERTIFICATE"},
		{"a key for the certificate", key, key, "no PEM block of type CERTIFICATE"},
		{"a certificate for the key", ca.CertificatePEM(), ca.CertificatePEM(), `type "CERTIFICATE" where a private key`},
		{"another's key", ca.CertificatePEM(), otherKey, "belongs to another certificate"},
		{"not an authority", pair.CertificatePEM, pair.KeyPEM, "may not issue others"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := ParseAuthority(tc.certificate, tc.key, Options{})
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("got %v, want an error with %q", err, tc.want)
			}
		})
	}
}

func TestParseCertificates(t *testing.T) {
	t.Parallel()
	first, second := newTestAuthority(t, Options{}), newTestAuthority(t, Options{})
	key, err := first.KeyPEM()
	if err != nil {
		t.Fatal(err)
	}
	certificates, err := ParseCertificates(slices.Concat([]byte("of two\n"), first.CertificatePEM(), key, second.CertificatePEM()))
	if err != nil {
		t.Fatal(err)
	}
	if len(certificates) != 2 || !certificates[0].Equal(first.Certificate()) || !certificates[1].Equal(second.Certificate()) {
		t.Errorf("got %d certificates, want those of the two authorities", len(certificates))
	}
	for name, data := range map[string][]byte{
		"no PEM block of type CERTIFICATE": key,
		"parsing certificate 1":            []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
	} {
		if _, err := ParseCertificates(data); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want an error with %q", err, name)
		}
	}
}

func TestIssueRefuses(t *testing.T) {
	t.Parallel()
	ca := newTestAuthority(t, Options{})
	if _, err := NewAuthority("", Options{}); err == nil {
		t.Error("an authority without a name was made")
	}
	if _, err := ca.IssueServer(nil); err == nil {
		t.Error("a serving certificate without names was issued")
	}
	if _, err := ca.IssueServer([]string{"not a name"}); err == nil || !strings.Contains(err.Error(), `"not a name"`) {
		t.Errorf("got %v, want an error that quotes the name", err)
	}
	if _, err := ca.IssueClient(""); err == nil {
		t.Error("a client certificate without a user was issued")
	}
}

func TestLongNamesFit(t *testing.T) {
	t.Parallel()
	ca := newTestAuthority(t, Options{})
	name := strings.Repeat("a", 60) + "." + strings.Repeat("b", 60) + ".svc"
	pair, err := ca.IssueServer([]string{name})
	if _, err := leaf(t, pair, err).Verify(x509.VerifyOptions{Roots: ca.Pool(), DNSName: name}); err != nil {
		t.Error(err)
	}
}

func TestValidity(t *testing.T) {
	t.Parallel()
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	ca := newTestAuthority(t, Options{AuthorityValidity: time.Hour, Validity: 10 * time.Minute, Now: func() time.Time { return now }})

	pair, err := ca.IssueClient("jane")
	certificate := leaf(t, pair, err)
	if want := now.Add(10 * time.Minute); !certificate.NotAfter.Equal(want) {
		t.Errorf("valid until %s, want %s", certificate.NotAfter, want)
	}
	if !certificate.NotBefore.Before(now) {
		t.Errorf("valid only from %s: a clock that is behind refuses it", certificate.NotBefore)
	}

	now = now.Add(55 * time.Minute)
	pair, err = ca.IssueClient("jane")
	if got := leaf(t, pair, err).NotAfter; !got.Equal(ca.Certificate().NotAfter) {
		t.Errorf("valid until %s, beyond the authority's own %s", got, ca.Certificate().NotAfter)
	}

	now = now.Add(time.Hour)
	if _, err := ca.IssueClient("jane"); err == nil || !strings.Contains(err.Error(), "expired") {
		t.Errorf("got %v from an expired authority, want an error that says so", err)
	}
}
