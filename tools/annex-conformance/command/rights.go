package command

import (
	"context"
	"fmt"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"example.com/annex/e2e/conformance/claims"
	"example.com/annex/e2e/step"
)

// right is a verb on a resource, and what it is for.
type right struct {
	verb, group, resource, subresource string
	purpose                            string
}

func (r right) String() string {
	resource := r.resource
	if r.group != "" {
		resource += "." + r.group
	}
	if r.subresource != "" {
		resource += "/" + r.subresource
	}
	return fmt.Sprintf("%s %s (to %s)", r.verb, resource, r.purpose)
}

// needed are the rights that a run takes, beside those on the resources under test. An administrator has them.
func needed(offers []claims.Offer) []right {
	const rbac = "rbac.authorization.k8s.io"
	rights := []right{
		{verb: "create", resource: "namespaces", purpose: "have places of its own"},
		{verb: "delete", resource: "namespaces", purpose: "clean up"},
		{verb: "impersonate", resource: "users", purpose: "try the resource as somebody else"},
		{verb: "impersonate", resource: "groups", purpose: "try the resource as somebody else"},
		{verb: "create", group: rbac, resource: "rolebindings", purpose: "give rights to users of its own"},
		{verb: "create", group: rbac, resource: "clusterrolebindings", purpose: "give rights to users of its own"},
		{verb: "create", group: rbac, resource: "clusterroles", purpose: "give rights to users of its own"},
		{verb: "create", group: "authorization.k8s.io", resource: "subjectaccessreviews", purpose: "wait until rights are in force"},
		{verb: "create", resource: "serviceaccounts", subresource: "token", purpose: "try the resource as a service account"},
	}
	for _, o := range offers {
		for _, verb := range o.Verbs {
			rights = append(rights, right{verb: verb, group: o.GVR.Group, resource: o.GVR.Resource, purpose: "try it"})
		}
	}
	return rights
}

// checkRights fails if the user may not do what a run does, and says what that is.
func checkRights(ctx context.Context, clients *step.Clients, offers []claims.Offer) error {
	may := func(r right) (bool, error) {
		review, err := clients.Kubernetes.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, &authorizationv1.SelfSubjectAccessReview{
			Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &authorizationv1.ResourceAttributes{
				Verb: r.verb, Group: r.group, Version: "*", Resource: r.resource, Subresource: r.subresource,
			}},
		}, metav1.CreateOptions{})
		if err != nil {
			return false, fmt.Errorf("asking what you may do: %w", err)
		}
		return review.Status.Allowed, nil
	}
	everything, err := may(right{verb: "*", group: "*", resource: "*"})
	if err != nil || everything {
		return err
	}
	var missing []string
	for _, r := range needed(offers) {
		allowed, err := may(r)
		if err != nil {
			return err
		}
		if !allowed {
			missing = append(missing, r.String())
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("you lack rights in this cluster: %s", strings.Join(missing, ", "))
	}
	return nil
}
