package doctor

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/auth"
)

// checkRights asks for what a server reads besides: what its admission plugins and priority and fairness watch. What that is, only
// its Definition says.
func checkRights(ctx context.Context, s *Subject) Finding {
	name := s.annexName()
	if name == "" {
		return notChecked("what else the server must be allowed is not known: its APIService has not the labels of a server of Annex")
	}
	account, f := s.serviceAccount()
	if f != nil {
		return *f
	}
	at := slices.IndexFunc(s.Definitions, func(d apiserver.Definition) bool { return d.Name == name })
	if at < 0 {
		return notChecked("what else server %q must be allowed is not known here: /readyz/access of the server says what it lacks", name)
	}
	definition := s.Definitions[at]
	role := definition.RoleName()
	lacks, f := s.lacking(ctx, account, auth.Access{Role: "ClusterRole " + role, Rules: definition.Rules()})
	if f != nil {
		return *f
	}
	if len(lacks) > 0 {
		return s.without(ctx, account, lacks, binding{name: role, role: role}).
			advise("or apply the server's manifests again; until then it is not ready: /readyz/access of the server says the same")
	}
	if s.argument("tls-cert-file") != "" || len(s.pods) == 0 {
		return right("ServiceAccount %s may read all that admission, priority and fairness, and the API need", account)
	}
	lacks, f = s.lacking(ctx, account, auth.Access{Namespace: account.Namespace, Role: "Role " + role + " in " + account.Namespace, Rules: apiserver.NamespacedRules(s.reference().Name)})
	if f != nil {
		return *f
	}
	if len(lacks) > 0 {
		return s.without(ctx, account, lacks, binding{namespace: account.Namespace, name: role, role: role})
	}
	return right("ServiceAccount %s may all that admission, priority and fairness, the API, and --certificates=self need", account)
}

// without is the finding where rights are lacking: for want of the binding, or of rules in the role that it is to.
func (s *Subject) without(ctx context.Context, account types.NamespacedName, lacks []auth.Lack, b binding) Finding {
	if problem := s.unbound(ctx, b, account); problem != "" {
		return wrong("ServiceAccount %s has not the rights of %s %s: %s", account, b.roleKind(), b.role, problem).mend("%s", b.bind(account))
	}
	return wrong("ServiceAccount %s %s", account, sentence(lacks)).mend("%s", b.give(lacks))
}

// sentence names what is lacking: the first right, with the rule to add, and how many more there are.
func sentence(lacks []auth.Lack) string {
	text := lacks[0].String()
	if more := len(lacks) - 1; more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return text
}
