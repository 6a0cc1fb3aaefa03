package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// checkService looks at the Service that the APIService names, and the port in it.
func checkService(ctx context.Context, s *Subject) Finding {
	reference := s.reference()
	found, err := s.kubernetes.CoreV1().Services(reference.Namespace).Get(ctx, reference.Name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		f := wrong("there is no Service %s", reference).
			advise("apply the server's manifests again; only if it was uninstalled for good, and its API is to go: kubectl delete apiservice %s", s.Name)
		if name := s.annexName(); name != "" {
			f = f.mend("annex deploy --overlay=OVERLAY --apply %s", name)
		}
		return f
	case err != nil:
		return unread(err, authorizationv1.ResourceAttributes{Namespace: reference.Namespace, Resource: "services", Name: reference.Name, Verb: "get"}).block("the Service is not known")
	}
	s.service = found
	s.readPods(ctx)
	if found.Spec.Type == corev1.ServiceTypeExternalName {
		return s.checkExternalName()
	}
	at := slices.IndexFunc(found.Spec.Ports, func(p corev1.ServicePort) bool { return p.Port == s.servicePort() })
	if at < 0 {
		return s.wrongPort()
	}
	s.port = &found.Spec.Ports[at]
	if found.Spec.ClusterIP == corev1.ClusterIPNone && strings.Contains(s.complaint(), "cannot route to service") {
		return wrong("it has no cluster IP, which kube-apiserver needs without --enable-aggregator-routing: %s", s.complaint()).
			advise("delete the Service and make it again without clusterIP: None")
	}
	return right("%s, port %d", found.Spec.Type, s.port.Port)
}

// checkExternalName is about a Service without endpoints: kube-apiserver dials the name, if it does not look for endpoints itself.
func (s *Subject) checkExternalName() Finding {
	if strings.Contains(s.complaint(), "unsupported service type") {
		return wrong("its type is ExternalName, which kube-apiserver refuses with --enable-aggregator-routing: %s", s.complaint()).
			advise("make it a Service with a cluster IP, and an EndpointSlice if the server is outside of the cluster; or leave out --enable-aggregator-routing")
	}
	return right("ExternalName: kube-apiserver dials %s:%d", s.service.Spec.ExternalName, s.servicePort())
}

func (s *Subject) wrongPort() Finding {
	var ports []string
	better := "PORT"
	for _, p := range s.service.Spec.Ports {
		ports = append(ports, fmt.Sprint(p.Port))
		if p.Port == defaultServicePort || p.Name == "https" || len(s.service.Spec.Ports) == 1 {
			better = fmt.Sprint(p.Port)
		}
	}
	return wrong("the APIService names port %d; the Service has %s", s.servicePort(), strings.Join(ports, ", ")).
		mend(`kubectl patch apiservice %s --type=merge -p '{"spec":{"service":{"port":%s}}}'`, s.Name, better)
}

func listPods(namespace string) authorizationv1.ResourceAttributes {
	return authorizationv1.ResourceAttributes{Namespace: namespace, Resource: "pods", Verb: "list"}
}
