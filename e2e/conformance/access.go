package conformance

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"example.com/annex/e2e/step"
)

// rbacTimeout is how long kube-apiserver may take to act on new RBAC objects,
// and the server to forget an answer of its own: it caches those for 10 seconds
// (k8s.io/apiserver/pkg/server/options, DelegatingAuthorizationOptions).
const rbacTimeout = 30 * time.Second

// Access tries the resource as users who may and who may not, all of them through kube-apiserver.
func Access(r Resource) Feature {
	tr := try(r, "Access", true)
	tr.assess("without a role everything is forbidden", func(ctx context.Context, t *testing.T) {
		if r.Can("create", "get") {
			tr.create(ctx, t, "guarded")
		}
		attempts := tr.attempts(ctx, t, tr.As(t, tr.named("nobody")))
		for _, verb := range r.Verbs {
			expectRefused(t, attempts[verb]("guarded"), apierrors.IsForbidden, fmt.Sprintf("User %q", tr.named("nobody")), verb, r.GVR.Resource)
		}
	})
	tr.assess("without credentials everything is forbidden", func(ctx context.Context, t *testing.T) {
		attempts := tr.attempts(ctx, t, tr.Anonymous(t))
		for _, verb := range r.Verbs {
			expectRefused(t, attempts[verb]("guarded"), func(err error) bool { return apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) })
		}
	})
	if r.BuiltInRoles {
		tr.builtInRoles()
	}
	tr.assess("a service account with a role of its own", func(ctx context.Context, t *testing.T) {
		account, err := tr.Kubernetes.CoreV1().ServiceAccounts(tr.Namespace).Create(ctx,
			&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "worker"}}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		allowed := r.Verbs[0]
		kind, role := tr.role(ctx, t, "worker", allowed)
		user := "system:serviceaccount:" + tr.Namespace + ":" + account.Name
		tr.bind(ctx, t, user, kind, role, allowed)
		token, err := tr.Kubernetes.CoreV1().ServiceAccounts(tr.Namespace).CreateToken(ctx, account.Name,
			&authenticationv1.TokenRequest{}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		attempts := tr.attempts(ctx, t, tr.WithToken(t, token.Status.Token))
		if err := attempts[allowed]("worked"); err != nil {
			t.Errorf("%s: %v", allowed, err)
		}
		for _, verb := range r.Verbs[1:] {
			expectRefused(t, attempts[verb]("guarded"), apierrors.IsForbidden, user, verb)
		}
	})
	tr.assess("forged headers are dropped by kube-apiserver", func(ctx context.Context, t *testing.T) {
		config := rest.CopyConfig(tr.As(t, tr.named("mallory")).Config)
		config.Wrap(func(next http.RoundTripper) http.RoundTripper { return forger{next} })
		clients, err := step.NewClients(config)
		if err != nil {
			t.Fatal(err)
		}
		err = tr.attempts(ctx, t, clients)[r.Verbs[0]]("guarded")
		expectRefused(t, err, apierrors.IsForbidden, fmt.Sprintf("User %q", tr.named("mallory")))
	})
	return tr.Feature
}

// builtInRoles tries the roles that are bound to people in most clusters.
func (tr *trial) builtInRoles() {
	tr.assess("the role view reads and does not write", func(ctx context.Context, t *testing.T) {
		reads := tr.claimed("get", "list", "watch")
		tr.bind(ctx, t, tr.named("viewer"), "ClusterRole", "view", reads[0])
		attempts := tr.attempts(ctx, t, tr.As(t, tr.named("viewer")))
		for _, verb := range reads {
			if err := attempts[verb]("guarded"); err != nil {
				t.Errorf("%s: %v", verb, err)
			}
		}
		for _, verb := range tr.claimed("create", "update", "patch", "delete", "deletecollection") {
			expectRefused(t, attempts[verb]("guarded"), apierrors.IsForbidden, fmt.Sprintf("User %q", tr.named("viewer")), verb)
		}
	})
	if !tr.Can("create") {
		return
	}
	tr.assess("the role edit writes, where it is bound", func(ctx context.Context, t *testing.T) {
		tr.bind(ctx, t, tr.named("editor"), "ClusterRole", "edit", "create")
		editor := tr.As(t, tr.named("editor"))
		attempts := tr.attempts(ctx, t, editor)
		for _, verb := range tr.claimed("create", "get", "list", "watch", "update", "patch", "delete", "deletecollection") {
			if err := attempts[verb]("edited"); err != nil {
				t.Errorf("%s: %v", verb, err)
			}
		}
		if !tr.Namespaced {
			return
		}
		elsewhere := tr.NewNamespace(ctx, t)
		_, err := tr.Objects(editor, elsewhere).List(ctx, metav1.ListOptions{})
		expectRefused(t, err, apierrors.IsForbidden, elsewhere)
	})
}

// claimed are those of the verbs that the resource claims, in the order given.
func (r Resource) claimed(verbs ...string) []string {
	return slices.DeleteFunc(verbs, func(verb string) bool { return !r.Can(verb) })
}

// forger adds the headers of a front proxy to requests.
type forger struct {
	next http.RoundTripper
}

func (f forger) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.Header.Set("X-Remote-User", "admin")
	request.Header.Set("X-Remote-Group", "system:masters")
	request.Header.Set("X-Remote-Uid", "0")
	return f.next.RoundTrip(request)
}

// attempts does each verb once to the object with the name, as somebody.
func (tr *trial) attempts(ctx context.Context, t *testing.T, who *step.Clients) map[string]func(name string) error {
	t.Helper()
	objects := tr.objectsOf(who)
	patch := []byte(`{"metadata":{"annotations":{"example.com/e2e":"patched"}}}`)
	return map[string]func(string) error{
		"create": func(name string) error {
			_, err := objects.Create(ctx, tr.sample(t, name), metav1.CreateOptions{})
			return err
		},
		"get": func(name string) error {
			if !tr.Can("create") {
				name = tr.Existing
			} else {
				name = tr.named(name)
			}
			_, err := objects.Get(ctx, name, metav1.GetOptions{})
			return err
		},
		"list": func(string) error {
			_, err := objects.List(ctx, metav1.ListOptions{})
			return err
		},
		"watch": func(string) error {
			w, err := objects.Watch(ctx, metav1.ListOptions{})
			if err == nil {
				w.Stop()
			}
			return err
		},
		"update": func(name string) error {
			object := tr.sample(t, name)
			if tr.Can("create", "get") {
				object = tr.get(ctx, t, name)
			}
			_, err := objects.Update(ctx, object, metav1.UpdateOptions{})
			return err
		},
		"patch": func(name string) error {
			_, err := objects.Patch(ctx, tr.named(name), types.MergePatchType, patch, metav1.PatchOptions{})
			return err
		},
		"delete": func(name string) error {
			return objects.Delete(ctx, tr.named(name), metav1.DeleteOptions{})
		},
		"deletecollection": func(string) error {
			return objects.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "no=such"})
		},
	}
}

// role makes a role that may do verb, in the trial's namespace or, where the
// resource has none, in the cluster. It returns the role's kind and name.
func (tr *trial) role(ctx context.Context, t *testing.T, name, verb string) (string, string) {
	t.Helper()
	meta := metav1.ObjectMeta{Name: tr.named(name), Labels: tr.marks()}
	rules := []rbacv1.PolicyRule{{APIGroups: []string{tr.GVR.Group}, Resources: []string{tr.GVR.Resource}, Verbs: []string{verb}}}
	if tr.Namespaced {
		if _, err := tr.Kubernetes.RbacV1().Roles(tr.Namespace).Create(ctx, &rbacv1.Role{ObjectMeta: meta, Rules: rules}, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		return "Role", meta.Name
	}
	roles := tr.Kubernetes.RbacV1().ClusterRoles()
	if _, err := roles.Create(ctx, &rbacv1.ClusterRole{ObjectMeta: meta, Rules: rules}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := step.CleanupContext(ctx)
		defer cancel()
		if err := roles.Delete(ctx, meta.Name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	return "ClusterRole", meta.Name
}

// bind gives a user a role in the trial's namespace or, where the resource has
// none, in the cluster, and waits until the user may do verb there.
func (tr *trial) bind(ctx context.Context, t *testing.T, user, kind, role, verb string) {
	t.Helper()
	meta := metav1.ObjectMeta{GenerateName: "e2e-", Labels: tr.marks()}
	ref := rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: kind, Name: role}
	subjects := []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}}
	namespace := ""
	if tr.Namespaced {
		namespace = tr.Namespace
		binding := &rbacv1.RoleBinding{ObjectMeta: meta, RoleRef: ref, Subjects: subjects}
		if _, err := tr.Kubernetes.RbacV1().RoleBindings(namespace).Create(ctx, binding, metav1.CreateOptions{}); err != nil {
			t.Fatalf("binding %s to %s: %v", role, user, err)
		}
	} else {
		bindings := tr.Kubernetes.RbacV1().ClusterRoleBindings()
		binding, err := bindings.Create(ctx, &rbacv1.ClusterRoleBinding{ObjectMeta: meta, RoleRef: ref, Subjects: subjects}, metav1.CreateOptions{})
		if err != nil {
			t.Fatalf("binding %s to %s: %v", role, user, err)
		}
		t.Cleanup(func() {
			ctx, cancel := step.CleanupContext(ctx)
			defer cancel()
			if err := bindings.Delete(ctx, binding.Name, metav1.DeleteOptions{}); err != nil {
				t.Error(err)
			}
		})
	}
	step.Eventually(ctx, t, rbacTimeout, fmt.Sprintf("%s to be allowed to %s", user, verb), func(ctx context.Context) error {
		review, err := tr.Kubernetes.AuthorizationV1().SubjectAccessReviews().Create(ctx, &authorizationv1.SubjectAccessReview{
			Spec: authorizationv1.SubjectAccessReviewSpec{
				User: user,
				ResourceAttributes: &authorizationv1.ResourceAttributes{
					Namespace: namespace, Verb: verb, Group: tr.GVR.Group, Version: tr.GVR.Version, Resource: tr.GVR.Resource,
				},
			},
		}, metav1.CreateOptions{})
		if err != nil {
			return err
		}
		if !review.Status.Allowed {
			return fmt.Errorf("not allowed (%s): does a ClusterRole with the label rbac.authorization.k8s.io/aggregate-to-%s cover %s?", review.Status.Reason, role, tr.GVR.GroupResource())
		}
		return nil
	})
}
