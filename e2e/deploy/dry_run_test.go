package deploy_test

import (
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"example.com/annex/deploy"
	"example.com/annex/tools/deploy/apply"
	"example.com/annex/tools/deploy/manifests"
)

// TestDryRun has kube-apiserver check everything that can be deployed.
func TestDryRun(t *testing.T) {
	t.Parallel()
	plane := start(t)
	all, err := manifests.Everything(deploy.Files)
	if err != nil {
		t.Fatal(err)
	}
	var namespace []unstructured.Unstructured
	for _, object := range render(t, all[0]) {
		if object.GetKind() == "Namespace" {
			namespace = append(namespace, object)
		}
	}
	if len(namespace) != 1 {
		t.Fatalf("there are %d namespaces, want 1", len(namespace))
	}
	applied(t, plane, namespace, apply.Options{})
	for _, options := range all {
		t.Run(options.String(), func(t *testing.T) {
			applied(t, plane, render(t, options), apply.Options{DryRun: true})
		})
	}
	t.Run("a careless Deployment is warned of", func(t *testing.T) {
		objects := slices.DeleteFunc(render(t, manifests.Options{Server: "insight", Overlay: "kind"}), func(o unstructured.Unstructured) bool {
			return o.GetKind() != "Deployment"
		})
		for _, object := range objects {
			unstructured.RemoveNestedField(object.Object, "spec", "template", "spec", "securityContext")
		}
		var w warnings
		if err := apply.Run(t.Context(), plane.RESTConfig(), objects, apply.Options{DryRun: true, Progress: progress{t}, Warnings: &w}); err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(w.all(), func(text string) bool { return strings.Contains(text, `would violate PodSecurity "restricted`) }) {
			t.Errorf("got %q, want a warning of pod security", w.all())
		}
	})
}
