package conformance

import (
	"context"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/e2e-framework/pkg/envconf"
	"sigs.k8s.io/e2e-framework/pkg/features"

	"example.com/annex/e2e/step"
)

// trial is a resource in the hands of one feature.
type trial struct {
	step.Session
	Resource
}

// try starts a feature about a resource. Where the resource has no namespaces,
// what the feature made is deleted by its label.
func try(r Resource, about string) (*trial, *features.FeatureBuilder) {
	tr := &trial{Resource: r}
	return tr, features.New(r.GVR.Resource+" "+r.GVR.Version+" "+about).
		WithLabel("resource", r.GVR.Resource).
		Setup(func(ctx context.Context, t *testing.T, cfg *envconf.Config) context.Context {
			ctx = tr.Open(ctx, t, cfg)
			if !tr.Namespaced {
				t.Cleanup(func() {
					ctx, cancel := step.CleanupContext(ctx)
					defer cancel()
					// The cluster may be gone by now, and the objects with it.
					_ = tr.objects().DeleteCollection(ctx, metav1.DeleteOptions{}, tr.mine())
				})
			}
			return ctx
		})
}

// objects is the administrator's client for the objects of the trial.
func (tr *trial) objects() dynamic.ResourceInterface {
	return tr.objectsOf(tr.Clients)
}

// objectsOf is the same client for another identity.
func (tr *trial) objectsOf(clients *step.Clients) dynamic.ResourceInterface {
	return tr.Objects(clients, tr.Namespace)
}

// path is the URL path of the collection; with parts, of an object and its
// subresource.
func (tr *trial) path(parts ...string) []string {
	path := []string{"apis", tr.GVR.Group, tr.GVR.Version}
	if tr.Namespaced {
		path = append(path, "namespaces", tr.Namespace)
	}
	return append(append(path, tr.GVR.Resource), parts...)
}

// mine selects what the trial made.
func (tr *trial) mine() metav1.ListOptions {
	return metav1.ListOptions{LabelSelector: Selector(tr.Namespace)}
}

// named is the name of the object that sample and create call by name.
func (tr *trial) named(name string) string { return tr.nameIn(tr.Namespace, name) }

// sample is a valid object, not created yet.
func (tr *trial) sample(t *testing.T, name string) *unstructured.Unstructured {
	t.Helper()
	object, err := tr.New(tr.Namespace, name)
	if err != nil {
		t.Fatal(err)
	}
	return object
}

// create makes an object of the sample.
func (tr *trial) create(ctx context.Context, t *testing.T, name string) *unstructured.Unstructured {
	t.Helper()
	object, err := tr.objects().Create(ctx, tr.sample(t, name), metav1.CreateOptions{})
	if err != nil {
		t.Fatalf("creating the sample of %s as %s: %v", tr.GVR.Resource, name, err)
	}
	return object
}

// get reads an object.
func (tr *trial) get(ctx context.Context, t *testing.T, name string) *unstructured.Unstructured {
	t.Helper()
	object, err := tr.objects().Get(ctx, tr.named(name), metav1.GetOptions{})
	if err != nil {
		t.Fatalf("reading back %s: %v", name, err)
	}
	return object
}
