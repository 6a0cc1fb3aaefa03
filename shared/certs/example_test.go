package certs_test

import (
	"crypto/x509"
	"fmt"

	"example.com/annex/shared/certs"
)

// A server's CA, its serving certificate, and the check that kube-apiserver
// makes with the APIService's caBundle.
func Example() {
	ca, err := certs.NewAuthority("capacity-ca", certs.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	serving, err := ca.IssueServer(certs.ServiceNames("capacity", "annex-system", "cluster.local"))
	if err != nil {
		fmt.Println(err)
		return
	}
	certificate, err := serving.TLS()
	if err != nil {
		fmt.Println(err)
		return
	}
	caBundle := x509.NewCertPool()
	caBundle.AppendCertsFromPEM(ca.CertificatePEM())
	_, err = certificate.Leaf.Verify(x509.VerifyOptions{Roots: caBundle, DNSName: "capacity.annex-system.svc"})
	fmt.Println(certificate.Leaf.DNSNames, err)
	// Output: [capacity.annex-system.svc capacity.annex-system.svc.cluster.local] <nil>
}
