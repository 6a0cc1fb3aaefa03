package insight_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/e2e-framework/pkg/features"

	"example.com/annex/e2e/blastradius"
	"example.com/annex/e2e/step"
)

// discovery says what there is, and nothing that there is not.
func discovery() *features.FeatureBuilder {
	s, f := about("discovery of insight")
	return f.
		Assess("verbs are those that work", step.Do(func(ctx context.Context, t *testing.T) {
			list, err := s.Kubernetes.Discovery().ServerResourcesForGroupVersion(gv.String())
			if err != nil {
				t.Fatal(err)
			}
			want := []metav1.APIResource{
				{Name: "siteusages", SingularName: "siteusage", Kind: "SiteUsage", Verbs: []string{"get", "list"}, ShortNames: []string{"su"}, Categories: []string{"annex"}},
				{Name: "usagereviews", SingularName: "usagereview", Kind: "UsageReview", Verbs: []string{"create"}},
			}
			for i := range list.APIResources {
				list.APIResources[i].StorageVersionHash = ""
			}
			if diff := cmp.Diff(want, list.APIResources); diff != "" {
				t.Errorf("resources (-want +got):\n%s", diff)
			}
		})).
		Assess("other verbs are refused", step.Do(func(ctx context.Context, t *testing.T) {
			for _, request := range []struct{ method, path string }{
				{http.MethodPost, "siteusages"},
				{http.MethodDelete, "siteusages"},
				{http.MethodPut, "siteusages/a"},
				{http.MethodPatch, "siteusages/a"},
				{http.MethodDelete, "siteusages/a"},
				{http.MethodGet, "siteusages/a/status"},
				{http.MethodGet, "usagereviews"},
				{http.MethodGet, "usagereviews/a"},
				{http.MethodDelete, "usagereviews/a"},
			} {
				err := s.clients.InsightV1().RESTClient().Verb(request.method).AbsPath("apis", gv.Group, gv.Version, request.path).
					SetHeader("Content-Type", "application/json").Body([]byte("{}")).Do(ctx).Error()
				t.Log(request)
				refused(t, err, func(err error) bool { return apierrors.IsMethodNotSupported(err) || apierrors.IsNotFound(err) })
			}
		})).
		Assess("kubectl explain describes every field", step.Do(func(ctx context.Context, t *testing.T) {
			for resource, fields := range map[string][]string{
				"siteusage":                         {"region", "phase", "slots", "reservations", "priorities"},
				"siteusage.slots":                   {"total", "reserved", "free"},
				"siteusage.reservations":            {"count", "requested", "bound"},
				"siteusage.priorities":              {"priority", "reservations"},
				"siteusage.priorities.reservations": {"count", "requested", "bound"},
				"usagereview":                       {"spec", "status"},
				"usagereview.spec":                  {"siteName", "slots", "priority"},
				"usagereview.status":                {"fits", "freeSlots", "reclaimableSlots", "reason", "message"},
			} {
				out := s.Kubectl(ctx, t, "explain", resource)
				if !strings.Contains(out, "GROUP:      "+gv.Group) || strings.Contains(out, "<empty>") || strings.Contains(out, "<no description>") {
					t.Errorf("kubectl explain %s:\n%s", resource, out)
				}
				for _, field := range fields {
					if !strings.Contains(out, field+"\t<") {
						t.Errorf("kubectl explain %s does not list %s:\n%s", resource, field, out)
					}
				}
			}
		}))
}

// neighbours checks that what kube-controller-manager does with all resources
// goes on: quotas, garbage collection, the deletion of namespaces. A resource
// that said it could be watched, and couldn't, would stop them for the whole
// cluster.
func neighbours() *features.FeatureBuilder {
	s, f := about("the rest of the cluster")
	return f.Assess("quotas, garbage and namespaces", step.Do(func(ctx context.Context, t *testing.T) {
		kubectl, ok := ctx.Value(step.KubectlKey{}).(string)
		if !ok {
			t.Fatal("the environment did not say where kubectl is")
		}
		m := blastradius.Measure(ctx, "insight installed", &blastradius.Cluster{
			Client: s.Kubernetes, Kubectl: kubectl, Kubeconfig: s.Kubeconfig, TempDir: t.TempDir,
		})
		for effect, err := range m.Failed {
			t.Errorf("%s: %v", effect, err)
		}
		if len(m.Took) != len(blastradius.Effects) {
			t.Errorf("only %v were measured", m.Took)
		}
	}))
}
