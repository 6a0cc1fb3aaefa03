package deploy_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes"

	"example.com/annex/deploy"
	"example.com/annex/e2e/step"
	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/deployment"
	"example.com/annex/tools/annex/uninstall"
	"example.com/annex/tools/controlplane"
	"example.com/annex/tools/deploy/apply"
	"example.com/annex/tools/deploy/manifests"
)

// TestProduction installs every server with the overlay production and all that can be added. There is no node to run its Pods, but
// they are made: admission (pod security, the priority class, the ServiceAccount) has nothing against them.
func TestProduction(t *testing.T) {
	t.Parallel()
	plane := start(t)
	client, err := kubernetes.NewForConfig(plane.RESTConfig())
	if err != nil {
		t.Fatal(err)
	}
	for _, server := range manifests.Servers() {
		addable, err := manifests.Addable(deploy.Files, "production", server)
		if err != nil {
			t.Fatal(err)
		}
		objects := render(t, manifests.Options{Server: server.Name, Overlay: "production", Components: addable, Image: manifests.Image{Tag: "v1"}})
		applied(t, plane, objects, apply.Options{})
		// The Secret of the certificates is cert-manager's business.
		checkAccess(t, client, server, fmt.Sprintf("secrets. %q", apiserver.CertificatesSecret(server.Name)))
		want := *workload(t, objects).Spec.Replicas
		step.Eventually(t.Context(), t, timeout, "the Pods are made", func(ctx context.Context) error {
			pods, err := client.CoreV1().Pods(deployment.DefaultNamespace).List(ctx, metav1.ListOptions{LabelSelector: deployment.NameLabel + "=" + server.Name})
			if err != nil {
				return err
			}
			if len(pods.Items) != int(want) {
				return fmt.Errorf("%d Pods, want %d", len(pods.Items), want)
			}
			for _, pod := range pods.Items {
				if pod.Spec.Priority == nil || *pod.Spec.Priority == 0 {
					return fmt.Errorf("Pod %s has no priority", pod.Name)
				}
			}
			return nil
		})
		uninstalled(t, plane, server, objects)
	}
}

// kept are the kinds that hold what others have, or what is stored.
var kept = map[string]bool{"Namespace": true, "PersistentVolumeClaim": true}

// uninstalled checks that annex uninstall finds every object, and leaves none.
func uninstalled(t *testing.T, plane *controlplane.ControlPlane, server apiserver.Definition, objects []unstructured.Unstructured) {
	t.Helper()
	var said strings.Builder
	options := uninstall.Options{Server: server.Name, Namespace: deployment.DefaultNamespace, DryRun: true, Progress: &said}
	if err := uninstall.Run(t.Context(), plane.RESTConfig(), options); err != nil {
		t.Fatal(err)
	}
	found := strings.Split(strings.TrimSpace(said.String()), "\n")
	for _, object := range objects {
		if kept[object.GetKind()] {
			continue
		}
		if !lists(found, object) {
			t.Errorf("annex uninstall --dry-run does not list %s %s:\n%s", object.GetKind(), object.GetName(), said.String())
		}
	}
	options.DryRun = false
	if err := uninstall.Run(t.Context(), plane.RESTConfig(), options); err != nil {
		t.Fatal(err)
	}
	step.Eventually(t.Context(), t, timeout, "nothing is left", func(ctx context.Context) error {
		err := uninstall.Run(ctx, plane.RESTConfig(), options)
		if err == nil || !strings.Contains(err.Error(), "nothing has the labels") {
			return fmt.Errorf("annex uninstall still finds something: %w", err)
		}
		return nil
	})
}

// lists tells whether a line names the object: "would delete deployments.apps/capacity in annex-system".
func lists(lines []string, object unstructured.Unstructured) bool {
	group := object.GroupVersionKind().Group
	suffix := "/" + object.GetName()
	if namespace := object.GetNamespace(); namespace != "" {
		suffix += " in " + namespace
	}
	for _, line := range lines {
		resource, ok := strings.CutSuffix(strings.TrimPrefix(line, "would delete "), suffix)
		if !ok {
			continue
		}
		plural, of, _ := strings.Cut(resource, ".")
		singular := strings.ToLower(object.GetKind())
		if of == group && (plural == singular+"s" || plural == singular+"es" || plural == strings.TrimSuffix(singular, "y")+"ies") {
			return true
		}
	}
	return false
}
