package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// checkLists asks for the first object of each resource, the way that kubectl does, as you.
func checkLists(ctx context.Context, s *Subject) Finding {
	if len(s.resources) == 0 {
		return notChecked("no resource is known")
	}
	var listed []string
	for _, resource := range s.resources {
		if strings.Contains(resource.Name, "/") || !slices.Contains(resource.Verbs, "list") {
			continue
		}
		ask, cancel := context.WithTimeout(ctx, s.Timeout)
		_, err := s.kubernetes.Discovery().RESTClient().Get().AbsPath("/apis", s.version().Group, s.version().Version, resource.Name).Param("limit", "1").DoRaw(ask)
		cancel()
		if apierrors.IsForbidden(err) {
			return unread(err, authorizationv1.ResourceAttributes{Group: s.version().Group, Resource: resource.Name, Verb: "list"})
		}
		if err != nil {
			return wrong("listing %s: %v", resource.Name, err).mend("kubectl get --raw '/apis/%s/%s?limit=1'", s.version(), resource.Name).
				advise("that shows it again; look into the server's log")
		}
		listed = append(listed, resource.Name)
	}
	if len(listed) == 0 {
		return notChecked("no resource of it can be listed")
	}
	return right("%s", fmt.Sprintf("%s can be listed", strings.Join(listed, ", ")))
}
