package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"example.com/annex/shared/auth"
)

// binding is what gives a server's ServiceAccount a role of the same scope: of the cluster, where the namespace is empty.
type binding struct {
	namespace, name, role string
}

func (b binding) kind() string {
	if b.namespace == "" {
		return "ClusterRoleBinding"
	}
	return "RoleBinding"
}

func (b binding) roleKind() string {
	if b.namespace == "" {
		return "ClusterRole"
	}
	return "Role"
}

// bind is the command that makes the binding, and puts it right where there is one already: it is made anew if it is of another role,
// and keeps the subjects that it has besides.
func (b binding) bind(account types.NamespacedName) string {
	create := "clusterrolebinding " + b.name + " --clusterrole=" + b.role
	if b.namespace != "" {
		create = "rolebinding -n " + b.namespace + " " + b.name + " --role=" + b.role
	}
	return fmt.Sprintf("kubectl create %s --serviceaccount=%s:%s --dry-run=client -o yaml | kubectl auth reconcile -f -", create, account.Namespace, account.Name)
}

// give is the command that adds what is lacking to the role, and makes one where there is none.
func (b binding) give(lacks []auth.Lack) string {
	role, err := json.Marshal(struct {
		metav1.TypeMeta `json:",inline"`
		Metadata        map[string]string   `json:"metadata"`
		Rules           []rbacv1.PolicyRule `json:"rules"`
	}{
		TypeMeta: metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: b.roleKind()},
		Metadata: b.metadata(),
		Rules:    auth.Rules(lacks),
	})
	if err != nil {
		return "" // Rules are always JSON.
	}
	return fmt.Sprintf("echo '%s' | kubectl auth reconcile -f -", role)
}

func (b binding) metadata() map[string]string {
	metadata := map[string]string{"name": b.role}
	if b.namespace != "" {
		metadata["namespace"] = b.namespace
	}
	return metadata
}

// unbound says what is wrong with the binding, or nothing: then the rules of the role are what is left to look at. So it is where the
// binding can't be read.
func (s *Subject) unbound(ctx context.Context, b binding, account types.NamespacedName) string {
	var role rbacv1.RoleRef
	var subjects []rbacv1.Subject
	var err error
	if b.namespace == "" {
		var found *rbacv1.ClusterRoleBinding
		if found, err = s.kubernetes.RbacV1().ClusterRoleBindings().Get(ctx, b.name, metav1.GetOptions{}); err == nil {
			role, subjects = found.RoleRef, found.Subjects
		}
	} else {
		var found *rbacv1.RoleBinding
		if found, err = s.kubernetes.RbacV1().RoleBindings(b.namespace).Get(ctx, b.name, metav1.GetOptions{}); err == nil {
			role, subjects = found.RoleRef, found.Subjects
		}
	}
	switch {
	case apierrors.IsNotFound(err):
		return fmt.Sprintf("there is no %s %s", b.kind(), b.name)
	case err != nil:
		return ""
	case role.Kind != b.roleKind() || role.Name != b.role:
		return fmt.Sprintf("%s %s is to %s %s, not to %s %s", b.kind(), b.name, role.Kind, role.Name, b.roleKind(), b.role)
	case !slices.ContainsFunc(subjects, func(subject rbacv1.Subject) bool {
		return subject.Kind == rbacv1.ServiceAccountKind && subject.Namespace == account.Namespace && subject.Name == account.Name
	}):
		return fmt.Sprintf("%s %s does not name it", b.kind(), b.name)
	}
	return ""
}
