package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"

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
	clusterWide, f := s.lacking(ctx, account, auth.Access{Role: "ClusterRole " + definition.RoleName(), Rules: definition.Rules()})
	if f != nil {
		return *f
	}
	if len(clusterWide) > 0 {
		return wrong("ServiceAccount %s %s", account, sentence(clusterWide)).mend("%s", addRules("clusterrole "+definition.RoleName(), clusterWide)).
			advise("or apply the server's manifests again; until then it is not ready: /readyz/access of the server says the same")
	}
	if s.argument("tls-cert-file") != "" || len(s.pods) == 0 {
		return right("ServiceAccount %s may read all that admission, priority and fairness, and the API need", account)
	}
	own, f := s.lacking(ctx, account, auth.Access{Namespace: account.Namespace, Role: "Role " + definition.RoleName() + " in " + account.Namespace, Rules: apiserver.NamespacedRules(s.reference().Name)})
	if f != nil {
		return *f
	}
	if len(own) > 0 {
		return wrong("ServiceAccount %s %s", account, sentence(own)).mend("%s", addRules("role -n "+account.Namespace+" "+definition.RoleName(), own))
	}
	return right("ServiceAccount %s may all that admission, priority and fairness, the API, and --certificates=self need", account)
}

// sentence names what is lacking: the first right, with the rule to add, and how many more there are.
func sentence(lacks []auth.Lack) string {
	text := lacks[0].String()
	if more := len(lacks) - 1; more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return text
}

// addRules is the command that adds what is lacking to a role.
func addRules(role string, lacks []auth.Lack) string {
	var operations []map[string]any
	for _, rule := range rulesOf(lacks) {
		operations = append(operations, map[string]any{"op": "add", "path": "/rules/-", "value": rule})
	}
	patch, err := json.Marshal(operations)
	if err != nil {
		return "" // Rules are always JSON.
	}
	return fmt.Sprintf("kubectl patch %s --type=json -p '%s'", role, patch)
}

// rulesOf are the rules that give what is lacking, one for each resource.
func rulesOf(lacks []auth.Lack) []rbacv1.PolicyRule {
	var rules []rbacv1.PolicyRule
	for _, lack := range lacks {
		r := lack.Attributes
		resource := strings.TrimSuffix(r.Resource+"/"+r.Subresource, "/")
		var names []string
		if r.Name != "" {
			names = []string{r.Name}
		}
		at := slices.IndexFunc(rules, func(rule rbacv1.PolicyRule) bool {
			return rule.APIGroups[0] == r.Group && rule.Resources[0] == resource && slices.Equal(rule.ResourceNames, names)
		})
		if at < 0 {
			rules = append(rules, rbacv1.PolicyRule{APIGroups: []string{r.Group}, Resources: []string{resource}, ResourceNames: names})
			at = len(rules) - 1
		}
		rules[at].Verbs = append(rules[at].Verbs, r.Verb)
	}
	return rules
}
