package deploy_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"example.com/annex/deploy"
	"example.com/annex/e2e/step"
	"example.com/annex/tools/controlplane"
	"example.com/annex/tools/controlplane/controlplanetest"
	"example.com/annex/tools/controlplane/extension/extensiontest"
	"example.com/annex/tools/deploy/apply"
	"example.com/annex/tools/deploy/manifests"
)

// Without the control plane's programs the tests fail.
func TestMain(m *testing.M) { os.Exit(extensiontest.Main(m, manifests.Servers()...)) }

// timeout is how long anything may take to come to pass.
const timeout = time.Minute

// foreign are the kinds of others that components use. Their schemas are their owners': here are definitions of the same
// names that take anything.
var foreign = []struct{ group, kind, plural string }{
	{"cert-manager.io", "Certificate", "certificates"},
	{"cert-manager.io", "Issuer", "issuers"},
	{"monitoring.coreos.com", "ServiceMonitor", "servicemonitors"},
}

// start is a control plane that knows these kinds.
func start(t *testing.T) *controlplane.ControlPlane {
	t.Helper()
	// An APIService whose Service has endpoints of its own, outside of the cluster, wants aggregator routing.
	plane := controlplanetest.Start(t, controlplane.Options{AggregatorRouting: true})
	for _, f := range foreign {
		if err := plane.Apply(t.Context(), standIn(f.group, f.kind, f.plural)); err != nil {
			t.Fatal(err)
		}
	}
	client, err := dynamic.NewForConfig(plane.RESTConfig())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range foreign {
		resource := schema.GroupVersionResource{Group: f.group, Version: "v1", Resource: f.plural}
		step.Eventually(t.Context(), t, timeout, f.kind+" is served", func(ctx context.Context) error {
			_, err := client.Resource(resource).List(ctx, metav1.ListOptions{})
			return err
		})
	}
	return plane
}

func standIn(group, kind, plural string) runtime.Object {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1",
		"kind":       "CustomResourceDefinition",
		"metadata":   map[string]any{"name": plural + "." + group},
		"spec": map[string]any{
			"group": group,
			"scope": "Namespaced",
			"names": map[string]any{"kind": kind, "plural": plural, "singular": strings.ToLower(kind), "listKind": kind + "List"},
			"versions": []any{map[string]any{
				"name": "v1", "served": true, "storage": true,
				"schema": map[string]any{"openAPIV3Schema": map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
			}},
		},
	}}
}

// render is manifests.Render of what the program has.
func render(t *testing.T, options manifests.Options) []unstructured.Unstructured {
	t.Helper()
	objects, err := manifests.Render(deploy.Files, options)
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

// warnings collects kube-apiserver's.
type warnings struct {
	mu   sync.Mutex
	seen []string
}

func (w *warnings) HandleWarningHeaderWithContext(_ context.Context, _ int, _ string, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, text)
}

func (w *warnings) all() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.seen)
}

// progress is a test's log.
type progress struct{ t *testing.T }

func (p progress) Write(line []byte) (int, error) {
	p.t.Log(strings.TrimSpace(string(line)))
	return len(line), nil
}

// applied applies objects, and fails for an error or a warning.
func applied(t *testing.T, plane *controlplane.ControlPlane, objects []unstructured.Unstructured, options apply.Options) {
	t.Helper()
	var w warnings
	options.Progress, options.Warnings = progress{t}, &w
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	if err := apply.Run(ctx, plane.RESTConfig(), objects, options); err != nil {
		t.Fatal(err)
	}
	for _, warning := range w.all() {
		t.Errorf("kube-apiserver warns: %s", warning)
	}
}
