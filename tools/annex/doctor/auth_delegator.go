package doctor

import (
	"context"

	rbacv1 "k8s.io/api/rbac/v1"

	"example.com/annex/shared/auth"
)

// checkAuthDelegator asks whether the server may ask who callers are, and what they may do.
func checkAuthDelegator(ctx context.Context, s *Subject) Finding {
	account, f := s.serviceAccount()
	if f != nil {
		return *f
	}
	lacks, f := s.lacking(ctx, account, auth.Access{Role: "a ClusterRole", Rules: []rbacv1.PolicyRule{
		ruleFor("authentication.k8s.io", []string{"create"}, "tokenreviews"),
		ruleFor("authorization.k8s.io", []string{"create"}, "subjectaccessreviews"),
	}})
	switch {
	case f != nil:
		return *f
	case len(lacks) > 0:
		return wrong("ServiceAccount %s may not ask kube-apiserver who callers are and what they may do (create tokenreviews, subjectaccessreviews): only system:masters are let in", account).
			mend("%s", binding{name: s.bindingName(account, "auth-delegator"), role: "system:auth-delegator"}.bind(account))
	}
	return right("ServiceAccount %s may create tokenreviews and subjectaccessreviews", account)
}
