package deployment_test

import (
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/meta"

	"example.com/annex/shared/deployment"
	"example.com/annex/shared/golden"
)

// TestWorkload compares what runs the server with the golden file.
func TestWorkload(t *testing.T) {
	t.Parallel()
	installation := deployment.Installation{Definition: fleet()}
	golden.Check(t, "testdata/fleet-workload.yaml", documents(t, slices.Concat(installation.Services(), installation.Workload())))
}

// TestLabels: by them a server's objects are found, to be taken out.
func TestLabels(t *testing.T) {
	t.Parallel()
	objects := (deployment.Installation{Definition: fleet()}).Objects()
	for _, object := range objects {
		accessor, err := meta.Accessor(object)
		if err != nil {
			t.Fatal(err)
		}
		want := "fleet"
		if object.GetObjectKind().GroupVersionKind().Kind == "Namespace" {
			want = "annex" // All servers share it.
		}
		labels := accessor.GetLabels()
		if labels[deployment.NameLabel] != want || labels[deployment.PartOfLabel] == "" || labels[deployment.ManagedByLabel] == "" {
			t.Errorf("%s %s has the labels %v", object.GetObjectKind().GroupVersionKind().Kind, accessor.GetName(), labels)
		}
		if workload, ok := object.(*appsv1.Deployment); ok {
			for label, value := range workload.Spec.Selector.MatchLabels {
				if workload.Spec.Template.Labels[label] != value {
					t.Errorf("the selector wants %s=%s, which the Pods don't have", label, value)
				}
			}
		}
	}
}
