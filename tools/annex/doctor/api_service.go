package doctor

import (
	"context"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// checkAPIService looks whether there is an APIService, and whether it leads to a server at all.
func checkAPIService(ctx context.Context, s *Subject) Finding {
	found, err := s.aggregator.ApiregistrationV1().APIServices().Get(ctx, s.Name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err) && !strings.Contains(s.Name, "."):
		return wrong("there is none of this name; the name of an APIService is VERSION.GROUP").advise("kubectl get apiservices lists them")
	case apierrors.IsNotFound(err):
		return wrong("there is none of this name: kube-apiserver does not know the API").
			advise("apply the manifests of the server; annex doctor without names looks at those that are there")
	case err != nil:
		return unread(err, authorizationv1.ResourceAttributes{Group: "apiregistration.k8s.io", Resource: "apiservices", Name: s.Name, Verb: "get"}).block("the APIService is not known")
	}
	s.apiService = found
	if found.Spec.Service == nil {
		s.local = true
		return right("local: kube-apiserver serves %s itself", s.version())
	}
	return right("leads to Service %s, port %d", s.reference(), s.servicePort())
}
