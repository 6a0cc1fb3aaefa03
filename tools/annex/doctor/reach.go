package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// checkReach dials the server: from here if that works, else through kube-apiserver's service proxy. Only kube-apiserver's word
// counts against the server: where this program runs, its address may be nobody's.
func checkReach(ctx context.Context, s *Subject) Finding {
	if len(s.addresses) == 0 {
		return notChecked("because no endpoint is known")
	}
	direct := s.dial(ctx)
	if direct == nil {
		return right("from here: %s answers", s.address)
	}
	if s.service.Spec.Type == corev1.ServiceTypeExternalName {
		return s.reachByCondition(direct)
	}
	body, err := s.throughProxy(ctx, "/readyz")
	switch {
	case err == nil || answered(body, err):
		s.proxied = true
		return right("through kube-apiserver's service proxy; not from here: %v", direct)
	case apierrors.IsForbidden(err):
		f := unread(err, authorizationv1.ResourceAttributes{Namespace: s.service.Namespace, Resource: "services", Subresource: "proxy", Name: s.proxyName(), Verb: "get"})
		if c := s.reachByCondition(direct); c.Status == Wrong {
			return c
		}
		return notChecked("not from here: %v; and through kube-apiserver %s", direct, f.Detail)
	case errors.Is(err, context.DeadlineExceeded):
		return s.unreachable(fmt.Sprintf("the server accepts connections, if at all, and says nothing for %s: it hangs (through kube-apiserver's service proxy; from here: %v)", s.Timeout, direct))
	}
	if strings.Contains(body, unreachableSign) {
		err = errors.New(strings.TrimSpace(body)) // What the client makes of that says nothing.
	}
	return s.unreachable(fmt.Sprintf("kube-apiserver can't reach it through its service proxy: %v", err))
}

// dial connects to each address until one answers, and keeps the certificate that it presents. That is not verified here: it is
// what the next links are about. Nothing is sent.
func (s *Subject) dial(ctx context.Context) error {
	var errs []error
	for _, address := range s.addresses {
		dialer := &tls.Dialer{Config: &tls.Config{MinVersion: tls.VersionTLS12, ServerName: s.serverName(), InsecureSkipVerify: true}}
		ctx, cancel := context.WithTimeout(ctx, s.Timeout)
		connection, err := dialer.DialContext(ctx, "tcp", address)
		cancel()
		if err != nil {
			errs = append(errs, err)
			continue
		}
		s.served = connection.(*tls.Conn).ConnectionState().PeerCertificates
		s.address = address
		_ = connection.Close() // Nothing was written.
		return nil
	}
	return errors.Join(errs...)
}

// reachByCondition is what kube-apiserver said when it last looked.
func (s *Subject) reachByCondition(direct error) Finding {
	complaint := s.complaint()
	for _, sign := range []string{"dial tcp", "connect:", "timeout", "deadline exceeded", "timed out", "no such host"} {
		if strings.Contains(complaint, sign) && !strings.Contains(complaint, "x509:") {
			return s.unreachable("kube-apiserver can't reach it (by what the condition says): " + complaint)
		}
	}
	return notChecked("not from here: %v", direct)
}

// unreachable is the finding, with what is known to help.
func (s *Subject) unreachable(detail string) Finding {
	f := wrong("%s", detail)
	workload := s.workload()
	switch {
	case workload != "":
		return f.mend("kubectl rollout restart -n %s %s", s.service.Namespace, workload).advise("first see why: kubectl logs -n %s %s", s.service.Namespace, workload)
	case len(s.pods) > 0:
		return f.advise("see why: kubectl logs -n %s %s; and whether it listens on the Service's targetPort %s", s.service.Namespace, s.pods[0].Name, s.port.TargetPort.String())
	}
	return f.advise("start the server again, and see that it listens on %s", strings.Join(s.addresses, ", "))
}

// workload is what made the server's pods: "deployment/NAME", or nothing.
func (s *Subject) workload() string {
	for _, pod := range s.pods {
		for _, owner := range pod.OwnerReferences {
			switch owner.Kind {
			case "ReplicaSet":
				if name, ok := strings.CutSuffix(owner.Name, "-"+pod.Labels["pod-template-hash"]); ok {
					return "deployment/" + name
				}
			case "StatefulSet", "DaemonSet":
				return strings.ToLower(owner.Kind) + "/" + owner.Name
			}
		}
	}
	return ""
}

// proxyName is the Service in the paths of kube-apiserver's service proxy: scheme, name and port.
func (s *Subject) proxyName() string {
	return fmt.Sprintf("https:%s:%d", s.service.Name, s.port.Port)
}

// throughProxy asks the server through kube-apiserver's service proxy, which does not verify it, and says to it nothing of who asks.
func (s *Subject) throughProxy(ctx context.Context, path string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	body, err := s.kubernetes.CoreV1().RESTClient().Get().Namespace(s.service.Namespace).Resource("services").
		Name(s.proxyName()).SubResource("proxy").Suffix(path).DoRaw(ctx)
	if err != nil && ctx.Err() != nil {
		err = errors.Join(ctx.Err(), err)
	}
	return string(body), err
}

// unreachableSign begins what kube-apiserver's proxies say when they got no answer (k8s.io/apimachinery/pkg/util/proxy).
const unreachableSign = "error trying to reach service"

// answered tells of an answer of the service proxy that is no success whether it was the server that gave it.
func answered(body string, err error) bool {
	var status apierrors.APIStatus
	if !errors.As(err, &status) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	for _, own := range []string{unreachableSign, "no endpoints available", `services \"https:`, `services "https:`} {
		if strings.Contains(body, own) || strings.Contains(err.Error(), own) {
			return false
		}
	}
	return true
}
