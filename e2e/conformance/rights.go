package conformance

import (
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
)

// Verbs of a resource, and those of a subresource.
var (
	everyVerb = []string{"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"}
	partVerbs = []string{"create", "delete", "get", "patch", "update"}
)

// Rules are the rights, in the whole cluster, that it takes to run the feature and to clean up after it. They include those to ask
// for what the resource does not claim: without them the answer would be that it is forbidden, and not that it is not there.
func (f Feature) Rules() []rbacv1.PolicyRule {
	r := f.resource
	rules := []rbacv1.PolicyRule{
		rule("", "namespaces", "create", "delete", "get", "list"),
		rule(r.GVR.Group, r.GVR.Resource, everyVerb...),
	}
	asked := []string{"nosuchsubresource", "scale", "status"}
	for name, verbs := range r.Subresources {
		if !slices.Contains(asked, name) {
			rules = append(rules, rule(r.GVR.Group, r.GVR.Resource+"/"+name, union(partVerbs, verbs)...))
		}
	}
	for _, name := range asked {
		rules = append(rules, rule(r.GVR.Group, r.GVR.Resource+"/"+name, partVerbs...))
	}
	if f.Claimed {
		rules = append(rules, besides(f.Area, r)...)
	}
	return rules
}

// besides are the rights that the features of an area need about other resources.
func besides(area string, r Resource) []rbacv1.PolicyRule {
	const admission = "admissionregistration.k8s.io"
	switch area {
	case "Access":
		// Who gives a role to others must have what is in it, or the verb bind; that is so of view and edit.
		rules := []rbacv1.PolicyRule{
			rule("", "users", "impersonate"),
			rule("", "groups", "impersonate"),
			rule("", "serviceaccounts", "create"),
			rule("", "serviceaccounts/token", "create"),
			rule("authorization.k8s.io", "subjectaccessreviews", "create"),
			{APIGroups: []string{rbacv1.GroupName}, Resources: []string{"clusterroles"}, Verbs: []string{"bind", "get"}, ResourceNames: []string{"edit", "view"}},
		}
		if r.Namespaced {
			return append(rules, rule(rbacv1.GroupName, "roles", "create"), rule(rbacv1.GroupName, "rolebindings", "create"))
		}
		return append(rules, rule(rbacv1.GroupName, "clusterroles", "create", "delete", "list"), rule(rbacv1.GroupName, "clusterrolebindings", "create", "delete", "list"))
	case "Policies":
		var rules []rbacv1.PolicyRule
		for _, resource := range []string{"validatingadmissionpolicies", "validatingadmissionpolicybindings", "mutatingadmissionpolicies", "mutatingadmissionpolicybindings"} {
			rules = append(rules, rule(admission, resource, "create", "delete", "list"))
		}
		return rules
	case "Quota":
		return []rbacv1.PolicyRule{rule("", "resourcequotas", "create", "get", "list", "patch", "update")}
	case "Ownership":
		rules := []rbacv1.PolicyRule{rule("", "configmaps", "create", "delete", "get")}
		if !r.Namespaced {
			rules = append(rules, rule(rbacv1.GroupName, "clusterroles", "create", "delete", "get", "list"))
		}
		return rules
	case "Malformed":
		other := builtInLike(r)
		rules := []rbacv1.PolicyRule{rule(other.GVR.Group, other.GVR.Resource, everyVerb...)}
		for _, name := range []string{"nosuchsubresource", "status"} {
			rules = append(rules, rule(other.GVR.Group, other.GVR.Resource+"/"+name, partVerbs...))
		}
		return rules
	case "Kubectl":
		return []rbacv1.PolicyRule{rule("", "events", "list")} // kubectl describe does.
	}
	return nil
}

func rule(group, resource string, verbs ...string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{APIGroups: []string{group}, Resources: []string{resource}, Verbs: verbs}
}

func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}
