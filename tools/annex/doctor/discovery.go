package doctor

import (
	"context"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"
)

// checkDiscovery asks kube-apiserver which resources there are, in both ways: the version's own document, which the server answers,
// and the one of all groups, into which kube-apiserver takes it.
func checkDiscovery(ctx context.Context, s *Subject) Finding {
	list := &metav1.APIResourceList{}
	if err := s.kubernetes.Discovery().RESTClient().Get().AbsPath("/apis", s.version().Group, s.version().Version).Do(ctx).Into(list); err != nil {
		return wrong("asking for /apis/%s through kube-apiserver: %v", s.version(), err).advise("look into the server's log")
	}
	s.resources = list.APIResources
	_, aggregated, stale, err := discovery.NewDiscoveryClient(s.kubernetes.Discovery().RESTClient()).GroupsAndMaybeResourcesWithContext(ctx)
	switch {
	case err != nil:
		return wrong("asking kube-apiserver for all groups: %v", err).advise("look into kube-apiserver's log")
	case stale[s.version()] != nil:
		return wrong("kube-apiserver's document of all groups says that %s is stale: %v", s.version(), stale[s.version()]).mend("%s", s.lookAgain()).
			advise("it asks the server again within a minute")
	case aggregated != nil && (aggregated[s.version()] == nil || len(aggregated[s.version()].APIResources) < len(s.resources)):
		return wrong("kube-apiserver's document of all groups has not all resources of %s: it takes them from the server's own, at /apis", s.version()).
			advise("kube-apiserver asks the server again within a minute; if that does not help, see what the server answers to /apis")
	}
	var names []string
	for _, resource := range s.resources {
		if !strings.Contains(resource.Name, "/") {
			names = append(names, resource.Name)
		}
	}
	return right("%s, in both documents", strings.Join(names, ", "))
}
