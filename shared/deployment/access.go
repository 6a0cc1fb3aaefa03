package deployment

import (
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/registry"
)

// ServerAccess is what the server's ServiceAccount may do:
//
//   - ask who a caller is and what he may do (the built-in ClusterRole system:auth-delegator);
//   - read the front proxy's CA from extension-apiserver-authentication (the built-in Role
//     extension-apiserver-authentication-reader in kube-system);
//   - read what its admission plugins, priority and fairness, and the resources that are computed watch (Definition.Rules).
func (i Installation) ServerAccess() []runtime.Object {
	reads := i.Definition.RoleName()
	return []runtime.Object{
		&rbacv1.ClusterRole{TypeMeta: rbac("ClusterRole"), ObjectMeta: i.meta(reads), Rules: i.Definition.Rules()},
		i.clusterRoleBinding(reads, reads),
		&rbacv1.Role{TypeMeta: rbac("Role"), ObjectMeta: i.namespaced(reads), Rules: apiserver.NamespacedRules(i.service())},
		&rbacv1.RoleBinding{
			TypeMeta:   rbac("RoleBinding"),
			ObjectMeta: i.namespaced(reads),
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: reads},
			Subjects:   i.subjects(),
		},
		i.clusterRoleBinding(reads+":auth-delegator", "system:auth-delegator"),
		&rbacv1.RoleBinding{
			TypeMeta:   rbac("RoleBinding"),
			ObjectMeta: metav1.ObjectMeta{Name: reads + ":auth-reader", Namespace: metav1.NamespaceSystem, Labels: i.labels()},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "extension-apiserver-authentication-reader"},
			Subjects:   i.subjects(),
		},
	}
}

// UserAccess are ClusterRoles that the built-in roles view, edit and admin take up by aggregation, so that whoever may
// read or write a namespace's objects may do the same with the server's. What that is, the resources themselves say
// (registry.Resource, registry.Subresourced). There is no role that would allow nothing.
func (i Installation) UserAccess() []runtime.Object {
	var view, edit rules
	for _, g := range i.Definition.Groups {
		for _, r := range g.Resources {
			access := r.Access()
			view.allow(g.Name, r.Name(), access.View)
			edit.allow(g.Name, r.Name(), access.Edit)
		}
		for _, r := range g.Resources {
			for _, sub := range registry.SubresourcesOf(r) {
				view.allow(g.Name, r.Name()+"/"+sub.Name, sub.View)
				edit.allow(g.Name, r.Name()+"/"+sub.Name, sub.Edit)
			}
		}
	}
	var roles []runtime.Object
	if len(view) > 0 {
		roles = append(roles, i.aggregated("view", view))
	}
	if len(edit) > 0 {
		roles = append(roles, i.aggregated("edit", edit))
	}
	return roles
}

// rules are those of one role.
type rules []rbacv1.PolicyRule

// allow adds verbs on a resource: to the last rule, where that has the same verbs in the same group.
func (r *rules) allow(group, resource string, verbs []string) {
	if len(verbs) == 0 {
		return
	}
	if n := len(*r); n > 0 {
		if last := &(*r)[n-1]; last.APIGroups[0] == group && slices.Equal(last.Verbs, verbs) {
			last.Resources = append(last.Resources, resource)
			return
		}
	}
	*r = append(*r, rbacv1.PolicyRule{APIGroups: []string{group}, Resources: []string{resource}, Verbs: verbs})
}

// aggregated is a ClusterRole that is added to a built-in one. The built-in admin role contains edit, and edit view.
func (i Installation) aggregated(to string, rules []rbacv1.PolicyRule) runtime.Object {
	role := &rbacv1.ClusterRole{TypeMeta: rbac("ClusterRole"), ObjectMeta: i.meta("annex:" + i.name() + ":" + to), Rules: rules}
	role.Labels["rbac.authorization.k8s.io/aggregate-to-"+to] = "true"
	return role
}

func (i Installation) clusterRoleBinding(name, role string) runtime.Object {
	return &rbacv1.ClusterRoleBinding{
		TypeMeta:   rbac("ClusterRoleBinding"),
		ObjectMeta: i.meta(name),
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
		Subjects:   i.subjects(),
	}
}

func (i Installation) subjects() []rbacv1.Subject {
	return []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: i.name(), Namespace: i.namespace()}}
}

func rbac(kind string) metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: kind}
}
