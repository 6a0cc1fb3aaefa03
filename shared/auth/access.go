package auth

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	authorizationclient "k8s.io/client-go/kubernetes/typed/authorization/v1"
)

// Access is what somebody needs to be allowed.
type Access struct {
	// Namespace is where the rights are needed. Empty means the whole cluster.
	Namespace string
	// Role is what grants them, for messages: "ClusterRole annex:capacity".
	Role string
	// Rules are the rights, about resources.
	Rules []rbacv1.PolicyRule
}

// Lack is one right that is not there.
type Lack struct {
	// Access is what the right is part of.
	Access Access
	// Attributes are what may not be done.
	Attributes authorizationv1.ResourceAttributes
	// Reason is what the authorizer said, if anything.
	Reason string
}

// Lacking asks kube-apiserver about each right (SelfSubjectAccessReview), and returns those that whoever the client speaks for
// does not have. It fails when kube-apiserver can't be asked.
func (a Access) Lacking(ctx context.Context, client authorizationclient.SelfSubjectAccessReviewInterface) ([]Lack, error) {
	return a.lacking(func(attributes authorizationv1.ResourceAttributes) (authorizationv1.SubjectAccessReviewStatus, error) {
		review, err := client.Create(ctx, &authorizationv1.SelfSubjectAccessReview{
			Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &attributes},
		}, metav1.CreateOptions{})
		if err != nil {
			return authorizationv1.SubjectAccessReviewStatus{}, err
		}
		return review.Status, nil
	})
}

// LackingFor is Lacking about somebody else (SubjectAccessReview): a user and his groups, as a ServiceAccount's
// (k8s.io/apiserver/pkg/authentication/serviceaccount has them). Who asks needs the right to create subjectaccessreviews.
func (a Access) LackingFor(ctx context.Context, client authorizationclient.SubjectAccessReviewInterface, user string, groups ...string) ([]Lack, error) {
	return a.lacking(func(attributes authorizationv1.ResourceAttributes) (authorizationv1.SubjectAccessReviewStatus, error) {
		review, err := client.Create(ctx, &authorizationv1.SubjectAccessReview{
			Spec: authorizationv1.SubjectAccessReviewSpec{ResourceAttributes: &attributes, User: user, Groups: groups},
		}, metav1.CreateOptions{})
		if err != nil {
			return authorizationv1.SubjectAccessReviewStatus{}, err
		}
		return review.Status, nil
	})
}

// lacking asks about each right.
func (a Access) lacking(ask func(authorizationv1.ResourceAttributes) (authorizationv1.SubjectAccessReviewStatus, error)) ([]Lack, error) {
	var lacks []Lack
	for _, attributes := range a.attributes() {
		status, err := ask(attributes)
		if err != nil {
			return nil, fmt.Errorf("asking kube-apiserver about the right to %s: %w", describe(attributes), err)
		}
		if !status.Allowed {
			lacks = append(lacks, Lack{Access: a, Attributes: attributes, Reason: status.Reason})
		}
	}
	return lacks, nil
}

// attributes are the rights one by one.
func (a Access) attributes() []authorizationv1.ResourceAttributes {
	var all []authorizationv1.ResourceAttributes
	for _, rule := range a.Rules {
		names := rule.ResourceNames
		if len(names) == 0 {
			names = []string{""}
		}
		for _, group := range rule.APIGroups {
			for _, path := range rule.Resources {
				resource, subresource, _ := strings.Cut(path, "/")
				for _, name := range names {
					for _, verb := range rule.Verbs {
						all = append(all, authorizationv1.ResourceAttributes{
							Namespace: a.Namespace, Group: group, Resource: resource, Subresource: subresource, Name: name, Verb: verb,
						})
					}
				}
			}
		}
	}
	return all
}

// String is what is lacking, and the rule that gives it.
func (l Lack) String() string {
	return fmt.Sprintf("may not %s: add the rule %s to %s", describe(l.Attributes), Format(l.rule()), l.Access.Role)
}

// rule gives the right.
func (l Lack) rule() rbacv1.PolicyRule {
	r := l.Attributes
	resource := r.Resource
	if r.Subresource != "" {
		resource += "/" + r.Subresource
	}
	rule := rbacv1.PolicyRule{APIGroups: []string{r.Group}, Resources: []string{resource}, Verbs: []string{r.Verb}}
	if r.Name != "" {
		rule.ResourceNames = []string{r.Name}
	}
	return rule
}

// Rules give what is lacking: one for each resource, or for each name of one where names are given, in the order of the lacks.
func Rules(lacks []Lack) []rbacv1.PolicyRule {
	var rules []rbacv1.PolicyRule
	for _, l := range lacks {
		rule := l.rule()
		i := slices.IndexFunc(rules, func(r rbacv1.PolicyRule) bool {
			return slices.Equal(r.APIGroups, rule.APIGroups) && slices.Equal(r.Resources, rule.Resources) && slices.Equal(r.ResourceNames, rule.ResourceNames)
		})
		if i < 0 {
			rules = append(rules, rule)
		} else if !slices.Contains(rules[i].Verbs, rule.Verbs[0]) {
			rules[i].Verbs = append(rules[i].Verbs, rule.Verbs[0])
		}
	}
	return rules
}

// Format is a rule in YAML, on one line.
func Format(rule rbacv1.PolicyRule) string {
	text := fmt.Sprintf("{apiGroups: %s, resources: %s, verbs: %s", list(rule.APIGroups), list(rule.Resources), list(rule.Verbs))
	if len(rule.ResourceNames) > 0 {
		text += ", resourceNames: " + list(rule.ResourceNames)
	}
	return text + "}"
}

func list(names []string) string {
	quoted := make([]string, 0, len(names))
	for _, name := range names {
		quoted = append(quoted, strconv.Quote(name))
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// describe is a right as kube-apiserver's messages have it: "watch flowschemas.flowcontrol.apiserver.k8s.io".
func describe(r authorizationv1.ResourceAttributes) string {
	resource := r.Resource
	if r.Group != "" {
		resource += "." + r.Group
	}
	if r.Subresource != "" {
		resource += "/" + r.Subresource
	}
	text := r.Verb + " " + resource
	if r.Name != "" {
		text += fmt.Sprintf(" %q", r.Name)
	}
	if r.Namespace != "" {
		text += " in namespace " + r.Namespace
	}
	return text
}
