package deployment

import (
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"example.com/annex/shared/registry"
)

// ServerAccess is what the server's ServiceAccount may do:
//
//   - ask who a caller is and what he may do (the built-in ClusterRole system:auth-delegator);
//   - read the front proxy's CA from extension-apiserver-authentication (the built-in Role
//     extension-apiserver-authentication-reader in kube-system);
//   - read what its admission plugins and priority and fairness watch (Definition.Rules).
func (i Installation) ServerAccess() []runtime.Object {
	reads := i.Definition.RoleName()
	return []runtime.Object{
		&rbacv1.ClusterRole{TypeMeta: rbac("ClusterRole"), ObjectMeta: i.meta(reads), Rules: i.Definition.Rules()},
		i.clusterRoleBinding(reads, reads),
		&rbacv1.Role{TypeMeta: rbac("Role"), ObjectMeta: i.namespaced(reads), Rules: i.Definition.NamespacedRules()},
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
// read or write a namespace's objects may do the same with the server's. What they may do with subresources, the resources
// themselves say (registry.Subresourced).
func (i Installation) UserAccess() []runtime.Object {
	var view, edit []rbacv1.PolicyRule
	for _, g := range i.Definition.Groups {
		var names []string
		for _, r := range g.Resources {
			names = append(names, r.Name())
		}
		allow := func(verbs []string, resources ...string) []rbacv1.PolicyRule {
			if len(verbs) == 0 {
				return nil
			}
			return []rbacv1.PolicyRule{{APIGroups: []string{g.Name}, Resources: resources, Verbs: verbs}}
		}
		view = append(view, allow([]string{"get", "list", "watch"}, names...)...)
		edit = append(edit, allow([]string{"create", "update", "patch", "delete", "deletecollection"}, names...)...)
		for _, r := range g.Resources {
			for _, sub := range registry.SubresourcesOf(r) {
				view = append(view, allow(sub.View, r.Name()+"/"+sub.Name)...)
				edit = append(edit, allow(sub.Edit, r.Name()+"/"+sub.Name)...)
			}
		}
	}
	return []runtime.Object{i.aggregated("view", view), i.aggregated("edit", edit)}
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
