package insight_test

import (
	"context"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/e2e-framework/pkg/features"

	"example.com/annex/e2e/step"
	"example.com/annex/servers/client/clientset/versioned"
	insightv1 "example.com/annex/servers/insight/apis/insight/v1"
)

// rbacTimeout is how long kube-apiserver may take to act on new RBAC objects,
// and the server to forget an answer of its own: it caches those for 10 seconds
// (k8s.io/apiserver/pkg/server/options, DelegatingAuthorizationOptions).
const rbacTimeout = 30 * time.Second

// access tries who may see the usage.
func access() *features.FeatureBuilder {
	s, f := about("access to usages")
	as := func(t *testing.T, user string) *versioned.Clientset {
		clients, err := versioned.NewForConfig(s.As(t, user).Config)
		if err != nil {
			t.Fatal(err)
		}
		return clients
	}
	list := func(ctx context.Context, clients *versioned.Clientset) error {
		_, err := clients.InsightV1().SiteUsages().List(ctx, metav1.ListOptions{})
		return err
	}
	ask := func(ctx context.Context, clients *versioned.Clientset) error {
		_, err := clients.InsightV1().UsageReviews().Create(ctx, &insightv1.UsageReview{
			Spec: insightv1.UsageReviewSpec{SiteName: "absent", Slots: 1},
		}, metav1.CreateOptions{})
		return err
	}
	subjects := func(user string) []rbacv1.Subject {
		return []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}}
	}
	view := rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "view"}
	return f.
		Assess("nobody sees anything without a role", step.Do(func(ctx context.Context, t *testing.T) {
			nobody := as(t, s.named("nobody"))
			refused(t, list(ctx, nobody), apierrors.IsForbidden, "siteusages", s.named("nobody"))
			refused(t, ask(ctx, nobody), apierrors.IsForbidden, "usagereviews", s.named("nobody"))
		})).
		Assess("the role view, for the whole cluster, sees and asks", step.Do(func(ctx context.Context, t *testing.T) {
			viewer := s.named("viewer")
			binding, err := s.Kubernetes.RbacV1().ClusterRoleBindings().Create(ctx, &rbacv1.ClusterRoleBinding{
				ObjectMeta: metav1.ObjectMeta{Name: viewer}, RoleRef: view, Subjects: subjects(viewer),
			}, metav1.CreateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				ctx, cancel := step.CleanupContext(ctx)
				defer cancel()
				_ = s.Kubernetes.RbacV1().ClusterRoleBindings().Delete(ctx, binding.Name, metav1.DeleteOptions{})
			})
			clients := as(t, viewer)
			step.Eventually(ctx, t, rbacTimeout, "the viewer to see usages", func(ctx context.Context) error { return list(ctx, clients) })
			step.Eventually(ctx, t, rbacTimeout, "the viewer to ask", func(ctx context.Context) error { return ask(ctx, clients) })
		})).
		Assess("the role view in a namespace does not: it would see others' totals", step.Do(func(ctx context.Context, t *testing.T) {
			member := s.named("member")
			if _, err := s.Kubernetes.RbacV1().RoleBindings(s.Namespace).Create(ctx, &rbacv1.RoleBinding{
				ObjectMeta: metav1.ObjectMeta{Name: "member"}, RoleRef: view, Subjects: subjects(member),
			}, metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
			clients := as(t, member)
			step.Eventually(ctx, t, rbacTimeout, "the member to see reservations", func(ctx context.Context) error {
				_, err := clients.CapacityV1().Reservations(s.Namespace).List(ctx, metav1.ListOptions{})
				return err
			})
			refused(t, list(ctx, clients), apierrors.IsForbidden, "siteusages")
			refused(t, ask(ctx, clients), apierrors.IsForbidden, "usagereviews")
		})).
		Assess("the server may read what it computes from, and no more of it", step.Do(func(ctx context.Context, t *testing.T) {
			server, err := versioned.NewForConfig(s.As(t, "system:serviceaccount:annex-system:insight").Config)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := server.CapacityV1().Reservations(metav1.NamespaceAll).List(ctx, metav1.ListOptions{}); err != nil {
				t.Errorf("listing reservations: %v", err)
			}
			err = server.CapacityV1().Reservations(s.Namespace).Delete(ctx, "absent", metav1.DeleteOptions{})
			refused(t, err, apierrors.IsForbidden, "reservations")
			_, err = server.TopologyV1().Sites().Get(ctx, "absent", metav1.GetOptions{})
			refused(t, err, apierrors.IsForbidden, "sites")
		}))
}
