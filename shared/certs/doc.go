// Package certs makes the certificates of an aggregated API server: a
// certificate authority, the serving certificates that kube-apiserver verifies
// against an APIService's spec.caBundle, and the client certificates by which
// the front proxy, or a user, proves who it is.
//
// An [Authority] is made with [NewAuthority], or read back from PEM with
// [ParseAuthority], and issues a [Pair] per server or client:
//
//	ca, err := certs.NewAuthority("capacity-ca", certs.Options{})
//	serving, err := ca.IssueServer(certs.ServiceNames("capacity", "annex-system", "cluster.local"))
//	apiService.Spec.CABundle = ca.CertificatePEM()
//
// All keys are ECDSA P-256. Nothing is read from, or written to, disk unless
// [Pair.WriteFiles] is asked to.
package certs
