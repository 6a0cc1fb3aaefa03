package deploy_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/deployment"
)

// granted are all rights that bindings in the cluster give to the server's ServiceAccount, one a line.
func granted(ctx context.Context, client kubernetes.Interface, server apiserver.Definition) ([]string, error) {
	isServer := func(subjects []rbacv1.Subject) bool {
		return slices.Contains(subjects, rbacv1.Subject{Kind: "ServiceAccount", Namespace: deployment.DefaultNamespace, Name: server.Name})
	}
	var all []string
	add := func(namespace, binding string, role rbacv1.RoleRef) error {
		var rules []rbacv1.PolicyRule
		if role.Kind == "ClusterRole" {
			clusterRole, err := client.RbacV1().ClusterRoles().Get(ctx, role.Name, metav1.GetOptions{})
			if err != nil {
				return err
			}
			rules = clusterRole.Rules
		} else {
			role, err := client.RbacV1().Roles(namespace).Get(ctx, role.Name, metav1.GetOptions{})
			if err != nil {
				return err
			}
			rules = role.Rules
		}
		if len(rules) == 0 {
			return fmt.Errorf("%s gives nothing", binding)
		}
		all = append(all, rights(namespace, rules)...)
		return nil
	}
	clusterBindings, err := client.RbacV1().ClusterRoleBindings().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	for _, binding := range clusterBindings.Items {
		if isServer(binding.Subjects) {
			if err := add("", binding.Name, binding.RoleRef); err != nil {
				return nil, err
			}
		}
	}
	bindings, err := client.RbacV1().RoleBindings("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	for _, binding := range bindings.Items {
		if isServer(binding.Subjects) {
			if err := add(binding.Namespace, binding.Name, binding.RoleRef); err != nil {
				return nil, err
			}
		}
	}
	return sorted(all), nil
}

// needed are all rights that the Definition lists.
func needed(server apiserver.Definition) []string {
	var all []string
	for _, access := range server.Access(deployment.DefaultNamespace) {
		all = append(all, rights(access.Namespace, access.Rules)...)
	}
	return sorted(all)
}

func rights(namespace string, rules []rbacv1.PolicyRule) []string {
	var all []string
	for _, rule := range rules {
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				for _, verb := range rule.Verbs {
					for _, name := range slices.Concat(rule.ResourceNames, make([]string, max(0, 1-len(rule.ResourceNames)))) {
						all = append(all, fmt.Sprintf("%s %s.%s %q in %q", verb, resource, group, name, namespace))
					}
				}
			}
		}
		for _, url := range rule.NonResourceURLs {
			all = append(all, fmt.Sprintf("%v %s", rule.Verbs, url))
		}
	}
	return all
}

func sorted(lines []string) []string {
	slices.SortFunc(lines, cmp.Compare[string])
	return slices.Compact(lines)
}

// checkAccess compares what the server may do with what it needs, but for rights that contain without: it is to have none of these.
func checkAccess(t *testing.T, client kubernetes.Interface, server apiserver.Definition, without ...string) {
	t.Helper()
	has, err := granted(t.Context(), client, server)
	if err != nil {
		t.Fatal(err)
	}
	needs := needed(server)
	for _, part := range without {
		all := len(needs)
		needs = slices.DeleteFunc(needs, func(right string) bool { return strings.Contains(right, part) })
		if len(needs) == all {
			t.Errorf("the Definition lists no right with %q", part)
		}
	}
	for _, right := range needs {
		if !slices.Contains(has, right) {
			t.Errorf("it may not %s", right)
		}
	}
	for _, right := range has {
		if !slices.Contains(needs, right) {
			t.Errorf("it may %s, which its Definition does not list", right)
		}
	}
}
