package doctor

import (
	"context"
	"crypto/x509"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	"k8s.io/kube-aggregator/pkg/apis/apiregistration/v1/helper"
)

// Subject is what is known about one APIService, while the chain is walked.
type Subject struct {
	*Examination
	// Name is the APIService's: <version>.<group>.
	Name string

	findings   []Finding
	local      bool
	apiService *apiregistrationv1.APIService
	service    *corev1.Service
	port       *corev1.ServicePort // of the Service; nil where it is an ExternalName
	slices     []discoveryv1.EndpointSlice
	pods       []corev1.Pod // of the Service's selector
	podsError  error
	addresses  []string            // of ready endpoints, with ports; or the external name
	served     []*x509.Certificate // what the server presented to this program; nil where it was not reached from here
	address    string              // where that was
	proxied    bool                // whether it was reached through kube-apiserver
	resources  []metav1.APIResource
}

// condition is Available, as kube-apiserver last saw it.
func (s *Subject) condition() *apiregistrationv1.APIServiceCondition {
	return helper.GetAPIServiceConditionByType(s.apiService, apiregistrationv1.Available)
}

// available tells whether kube-apiserver found the server available.
func (s *Subject) available() bool {
	return helper.IsAPIServiceConditionTrue(s.apiService, apiregistrationv1.Available)
}

// complaint is what kube-apiserver said when it last could not use the server, or nothing.
func (s *Subject) complaint() string {
	if condition := s.condition(); condition != nil && condition.Status != apiregistrationv1.ConditionTrue {
		return condition.Message
	}
	return ""
}

// firstWrong is the first link that is wrong so far, or nothing.
func (s *Subject) firstWrong() string {
	for _, f := range s.findings {
		if f.Status == Wrong {
			return f.Link
		}
	}
	return ""
}

// finding is what was found of an earlier link.
func (s *Subject) finding(name string) Finding {
	at := slices.IndexFunc(s.findings, func(f Finding) bool { return f.Link == name })
	return s.findings[at]
}

func (s *Subject) version() schema.GroupVersion {
	return schema.GroupVersion{Group: s.apiService.Spec.Group, Version: s.apiService.Spec.Version}
}

// reference is the Service that the APIService names.
func (s *Subject) reference() types.NamespacedName {
	return types.NamespacedName{Namespace: s.apiService.Spec.Service.Namespace, Name: s.apiService.Spec.Service.Name}
}

// servicePort is the port that the APIService names.
func (s *Subject) servicePort() int32 {
	if port := s.apiService.Spec.Service.Port; port != nil {
		return *port
	}
	return defaultServicePort
}

// defaultServicePort is spec.service.port's default (k8s.io/kube-aggregator/pkg/apis/apiregistration/v1/defaults.go).
const defaultServicePort = 443

// serverName is what kube-apiserver verifies.
func (s *Subject) serverName() string {
	reference := s.reference()
	return reference.Name + "." + reference.Namespace + ".svc"
}

// selects tells whether the Service has pods: the selector of an ExternalName means nothing.
func (s *Subject) selects() bool {
	return len(s.service.Spec.Selector) > 0 && s.service.Spec.Type != corev1.ServiceTypeExternalName
}

// readPods asks for the pods that the Service selects.
func (s *Subject) readPods(ctx context.Context) {
	if !s.selects() {
		return
	}
	list, err := s.kubernetes.CoreV1().Pods(s.service.Namespace).List(ctx, metav1.ListOptions{
		LabelSelector: labels.SelectorFromSet(s.service.Spec.Selector).String(),
	})
	if err != nil {
		s.podsError = err
		return
	}
	s.pods = list.Items
}

// serviceAccount is who the server is for kube-apiserver; or a finding that says why that is not known.
func (s *Subject) serviceAccount() (types.NamespacedName, *Finding) {
	unknown := func(f Finding) (types.NamespacedName, *Finding) { return types.NamespacedName{}, &f }
	switch {
	case s.ServiceAccount != types.NamespacedName{}:
		return s.ServiceAccount, nil
	case s.podsError != nil:
		return unknown(unread(s.podsError, listPods(s.service.Namespace)))
	case !s.selects():
		return unknown(notChecked("the Service selects no pods, so that the server's ServiceAccount is not known; say it with --service-account=NAMESPACE/NAME"))
	case len(s.pods) == 0:
		return unknown(notChecked("there is no pod that the Service selects, so that the server's ServiceAccount is not known; say it with --service-account=NAMESPACE/NAME"))
	}
	name := s.pods[0].Spec.ServiceAccountName
	if name == "" {
		name = "default"
	}
	return types.NamespacedName{Namespace: s.service.Namespace, Name: name}, nil
}

// annexName is the name of the Definition where the server was installed by the objects of shared/deployment, or nothing.
func (s *Subject) annexName() string {
	if s.apiService.Labels["app.kubernetes.io/part-of"] != "annex" {
		return ""
	}
	return s.apiService.Labels["app.kubernetes.io/name"]
}

// argument is the value of a flag that the server's pods have, or nothing.
func (s *Subject) argument(flag string) string {
	for _, pod := range s.pods {
		for _, container := range pod.Spec.Containers {
			for _, arg := range slices.Concat(container.Command, container.Args) {
				if value, ok := strings.CutPrefix(arg, "--"+flag+"="); ok {
					return value
				}
			}
		}
	}
	return ""
}
