package doctor

import (
	"context"
	"strings"
)

// checkIdentity looks whether the server believes kube-apiserver who asks. kube-apiserver itself asks as one who may everything
// (system:masters): whoever refuses that has not believed it.
func checkIdentity(_ context.Context, s *Subject) Finding {
	complaint := s.complaint()
	switch {
	case badStatus(complaint, "401"):
		return wrong("the server does not know kube-apiserver's certificate: its authority is not in requestheader-client-ca-file, or its name is not an allowed one, or the server has an older copy: %s", complaint).
			advise("compare the issuer of kube-apiserver's --proxy-client-cert-file with its --requestheader-client-ca-file, which must be the same; then restart the server if it does not watch ConfigMap kube-system/%s", authenticationConfig)
	case badStatus(complaint, "403"):
		return wrong("kube-apiserver's requests arrive as %s's: it presents no certificate, or one whose name is not allowed: %s", anonymous, complaint).
			advise("set kube-apiserver's --proxy-client-cert-file and --proxy-client-key-file, to a certificate of --requestheader-client-ca-file with a name of --requestheader-allowed-names")
	case s.available():
		return right("the server let kube-apiserver in when it last looked")
	}
	return s.notSoFar()
}

// notSoFar is the finding of what kube-apiserver would have noticed, had it got an answer.
func (s *Subject) notSoFar() Finding {
	if complaint := s.complaint(); complaint != "" {
		return notChecked("kube-apiserver has not got so far: %s", complaint)
	}
	return notChecked("kube-apiserver has not looked yet")
}

// badStatus tells whether kube-apiserver got this answer when it asked for the version
// (k8s.io/kube-aggregator/pkg/controllers/status/remote).
func badStatus(complaint, status string) bool {
	return strings.Contains(complaint, "bad status from ") && strings.HasSuffix(complaint, ": "+status)
}
