package doctor

import (
	"context"

	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apiserver/pkg/authentication/serviceaccount"

	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/auth"
)

// lacking asks which rights the server's ServiceAccount has not.
func (s *Subject) lacking(ctx context.Context, account types.NamespacedName, access auth.Access) ([]auth.Lack, *Finding) {
	lacks, err := access.LackingFor(ctx, s.kubernetes.AuthorizationV1().SubjectAccessReviews(),
		serviceaccount.MakeUsername(account.Namespace, account.Name),
		append(serviceaccount.MakeGroupNames(account.Namespace), "system:authenticated")...)
	if err != nil {
		f := unread(err, authorizationv1.ResourceAttributes{Group: "authorization.k8s.io", Resource: "subjectaccessreviews", Verb: "create"})
		return nil, &f
	}
	return lacks, nil
}

// bindingName is the name of a binding that gives a server a built-in role: that of its manifests, or one of its own.
func (s *Subject) bindingName(account types.NamespacedName, what string) string {
	if name := s.annexName(); name != "" {
		return (apiserver.Definition{Name: name}).RoleName() + ":" + what
	}
	return account.Namespace + ":" + account.Name + ":" + what
}

func ruleFor(group string, verbs []string, resources ...string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{APIGroups: []string{group}, Resources: resources, Verbs: verbs}
}
