package doctor

import (
	"context"
	"strings"
	"time"
)

// checkCertificate looks at what the server presents: whether it is good now, and for the name that kube-apiserver verifies.
func checkCertificate(ctx context.Context, s *Subject) Finding {
	if s.served == nil {
		return s.certificateByCondition()
	}
	certificate, name := s.served[0], s.serverName()
	now := time.Now()
	if err := certificate.VerifyHostname(name); err != nil {
		if s.available() {
			f := notChecked("what answers at %s from here is for %s; but kube-apiserver has verified the server", s.address, strings.Join(certificate.DNSNames, ", "))
			s.forgetStranger(ctx)
			return f
		}
		return s.reissue(wrong("it is not for %s: %v", name, err))
	}
	switch {
	case now.After(certificate.NotAfter):
		return s.reissue(wrong("it expired at %s", certificate.NotAfter.Format(time.RFC3339)))
	case now.Before(certificate.NotBefore):
		return s.reissue(wrong("it is not valid before %s; is a clock wrong?", certificate.NotBefore.Format(time.RFC3339)))
	}
	return right("for %s, until %s", name, certificate.NotAfter.Format(time.RFC3339))
}

// forgetStranger is for an address that is somebody else's where this program runs: the next links are not about him, but about whom
// kube-apiserver reaches.
func (s *Subject) forgetStranger(ctx context.Context) {
	s.served, s.address = nil, ""
	if s.port == nil {
		return // Of an ExternalName there is no service proxy.
	}
	body, err := s.throughProxy(ctx, "/readyz")
	s.proxied = err == nil || answered(body, err)
}

// certificateByCondition is for a server that can't be seen from here: kube-apiserver may have said what it saw.
func (s *Subject) certificateByCondition() Finding {
	complaint := s.complaint()
	for _, sign := range []string{"certificate is valid for", "certificate is not valid for any names", "certificate has expired", "doesn't contain any IP SANs", "relies on legacy Common Name"} {
		if strings.Contains(complaint, sign) {
			return s.reissue(wrong("by what kube-apiserver says: %s", complaint))
		}
	}
	if s.available() {
		return notChecked("it can't be seen from here; kube-apiserver verified it when it last looked")
	}
	return notChecked("it can't be seen from here")
}

// reissue says how to come by a better certificate.
func (s *Subject) reissue(f Finding) Finding {
	if secret := s.certificateSecret(); secret != "" {
		return f.advise("have whoever writes Secret %s/%s issue one for %s", s.reference().Namespace, secret, s.serverName())
	}
	return f.advise("issue one for %s; servers of Annex do it themselves with --certificates=self", s.serverName())
}
