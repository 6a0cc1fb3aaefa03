package doctor

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/certs"
)

// checkBundle looks whether spec.caBundle verifies what the server presents.
func checkBundle(_ context.Context, s *Subject) Finding {
	broken := func(format string, args ...any) Finding {
		return wrong(format, args...).mend("%s", s.setBundle(""))
	}
	bundle := s.apiService.Spec.CABundle
	if len(bundle) == 0 && s.apiService.Spec.InsecureSkipTLSVerify {
		return notChecked("because insecureSkipTLSVerify is set: there is nothing to verify with")
	}
	if len(bundle) == 0 {
		return broken("it is empty: kube-apiserver verifies the server with the authorities of its own machine")
	}
	authorities, err := certs.ParseCertificates(bundle)
	if err != nil {
		return broken("it is not certificates in PEM: %v", err)
	}
	roots, expired := x509.NewCertPool(), 0
	for _, authority := range authorities {
		roots.AddCert(authority)
		if time.Now().After(authority.NotAfter) {
			expired++
		}
	}
	if expired == len(authorities) {
		return broken("it has expired: %s", describeAuthorities(authorities))
	}
	if s.served == nil {
		if strings.Contains(s.complaint(), "x509: certificate signed by unknown authority") {
			return broken("it has %s; by what kube-apiserver says, the server's certificate is signed by another: %s", describeAuthorities(authorities), s.complaint())
		}
		return notChecked("it has %s; the server's certificate, to compare it with, is not known", describeAuthorities(authorities))
	}
	if err := s.verify(roots); err != nil {
		return broken("it has %s; the server's certificate is signed by %q: %v", describeAuthorities(authorities), s.served[0].Issuer.CommonName, err)
	}
	return right("%s, which signed the server's certificate", describeAuthorities(authorities))
}

// verify checks who signed the server's certificate. Whether that has expired is another link.
func (s *Subject) verify(roots *x509.CertPool) error {
	intermediates := x509.NewCertPool()
	for _, certificate := range s.served[1:] {
		intermediates.AddCert(certificate)
	}
	_, err := s.served[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: intermediates})
	var invalid x509.CertificateInvalidError
	if errors.As(err, &invalid) && invalid.Reason == x509.Expired && invalid.Cert == s.served[0] {
		return nil
	}
	return err
}

// setBundle is the command that takes the authority out of the Secret that the server's certificate is in. Both cert-manager and
// --certificates=self keep it there as ca.crt. more is put before it in the patch.
func (s *Subject) setBundle(more string) string {
	source := "base64 -w0 CA_FILE"
	if secret := s.certificateSecret(); secret != "" {
		source = fmt.Sprintf(`kubectl get secret -n %s %s -o jsonpath='{.data.ca\.crt}'`, s.reference().Namespace, secret)
	}
	return fmt.Sprintf(`kubectl patch apiservice %s --type=merge -p "{\"spec\":{%s\"caBundle\":\"$(%s)\"}}"`, s.Name, more, source)
}

// certificateSecret is the Secret that has the server's certificate, by what its pods mount, or nothing.
func (s *Subject) certificateSecret() string {
	file := s.argument("tls-cert-file")
	for _, pod := range s.pods {
		for _, container := range pod.Spec.Containers {
			for _, mount := range container.VolumeMounts {
				if file != "" && path.Dir(file) == path.Clean(mount.MountPath) {
					if name := secretOf(pod, mount.Name); name != "" {
						return name
					}
				}
			}
		}
	}
	if file == "" && len(s.pods) > 0 && s.annexName() != "" {
		return apiserver.CertificatesSecret(s.reference().Name)
	}
	return ""
}

func secretOf(pod corev1.Pod, volume string) string {
	for _, v := range pod.Spec.Volumes {
		if v.Name == volume && v.Secret != nil {
			return v.Secret.SecretName
		}
	}
	return ""
}
