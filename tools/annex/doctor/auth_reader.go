package doctor

import (
	"context"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"example.com/annex/shared/auth"
)

// checkAuthReader asks whether the server may read how to know kube-apiserver.
func checkAuthReader(ctx context.Context, s *Subject) Finding {
	account, f := s.serviceAccount()
	if f != nil {
		return *f
	}
	rule := ruleFor("", []string{"get", "list", "watch"}, "configmaps")
	rule.ResourceNames = []string{authenticationConfig}
	lacks, f := s.lacking(ctx, account, auth.Access{
		Namespace: metav1.NamespaceSystem, Role: "a Role in kube-system", Rules: []rbacv1.PolicyRule{rule},
	})
	switch {
	case f != nil:
		return *f
	case len(lacks) > 0:
		return wrong("ServiceAccount %s may not read ConfigMap kube-system/%s: the server can't know kube-apiserver, and does not start", account, authenticationConfig).
			mend("%s", binding{namespace: metav1.NamespaceSystem, name: s.bindingName(account, "auth-reader"), role: "extension-apiserver-authentication-reader"}.bind(account))
	}
	return right("ServiceAccount %s may read ConfigMap kube-system/%s", account, authenticationConfig)
}
