package conformance

import (
	"context"
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/e2e-framework/pkg/envconf"

	"example.com/annex/e2e/step"
)

// trial is a resource in the hands of one feature.
type trial struct {
	step.Session
	Resource
	Feature Feature
}

// assess adds an assessment to the feature.
func (tr *trial) assess(what string, do func(context.Context, *testing.T)) {
	tr.Feature.Builder.Assess(what, step.Do(do))
}

// open starts the session. Where the resource has no namespaces, what the feature made is deleted by its label.
func (tr *trial) open(ctx context.Context, t *testing.T, cfg *envconf.Config) context.Context {
	t.Helper()
	if err := tr.incomplete(); err != nil {
		t.Fatal(err)
	}
	ctx = tr.Open(ctx, t, cfg)
	tr.KubectlCache = t.TempDir()
	tr.provide(ctx, t, t, &tr.Session, tr.Namespace)
	if !tr.Namespaced && tr.Can("create") {
		t.Cleanup(func() { tr.clean(ctx) })
	}
	return ctx
}

// builtInSince is [step.Clients.Since] for a resource that kube-apiserver serves itself. Where nobody says who serves it, t goes on.
func (tr *trial) builtInSince(ctx context.Context, t *testing.T, since, what string) {
	t.Helper()
	if !tr.OlderThan(t, since) {
		return
	}
	service, err := tr.Aggregator.ApiregistrationV1().APIServices().Get(ctx, tr.GVR.Version+"."+tr.GVR.Group, metav1.GetOptions{})
	if err == nil && service.Spec.Service == nil {
		tr.Since(ctx, t, since, what)
	}
}

// clean deletes what the feature made. It reports nothing: the cluster may be gone by now, and the objects with it.
func (tr *trial) clean(ctx context.Context) {
	ctx, cancel := step.CleanupContext(ctx)
	defer cancel()
	switch {
	case tr.Can("deletecollection"):
		_ = tr.objects().DeleteCollection(ctx, metav1.DeleteOptions{}, tr.mine())
	case tr.Can("list", "delete"):
		list, err := tr.objects().List(ctx, tr.mine())
		if err != nil {
			return
		}
		for _, object := range list.Items {
			_ = tr.objects().Delete(ctx, object.GetName(), metav1.DeleteOptions{})
		}
	}
}

// elsewhere is another namespace, with what the resource needs in it.
func (tr *trial) elsewhere(ctx context.Context, t *testing.T) string {
	t.Helper()
	namespace := tr.NewNamespace(ctx, t)
	tr.provide(ctx, t, t, &tr.Session, namespace)
	return namespace
}

// objects is the administrator's client for the objects of the trial.
func (tr *trial) objects() dynamic.ResourceInterface {
	return tr.objectsOf(tr.Clients)
}

// objectsOf is the same client for another identity.
func (tr *trial) objectsOf(clients *step.Clients) dynamic.ResourceInterface {
	return tr.Objects(clients, tr.Namespace)
}

// raw starts a request that is sent as it is, once, and goes to the collection or, with parts, to an object and its subresource.
func (tr *trial) raw(method string, parts ...string) *rest.Request {
	return tr.Kubernetes.Discovery().RESTClient().Verb(method).AbsPath(tr.path(tr.Namespace, parts...)...).MaxRetries(0)
}

// path is the URL path of the collection in a namespace; with parts, of an object and its subresource.
func (tr *trial) path(namespace string, parts ...string) []string {
	path := tr.root()
	if tr.Namespaced {
		path = append(path, "namespaces", namespace)
	}
	return append(append(path, tr.GVR.Resource), parts...)
}

// root is the URL path of the group version.
func (r Resource) root() []string {
	if r.GVR.Group == "" {
		return []string{"api", r.GVR.Version}
	}
	return []string{"apis", r.GVR.Group, r.GVR.Version}
}

// mine selects what the trial made.
func (tr *trial) mine() metav1.ListOptions {
	return metav1.ListOptions{LabelSelector: Selector(tr.Namespace)}
}

// marks are the labels of whatever the feature makes outside of its namespace.
func (tr *trial) marks() map[string]string { return map[string]string{label: tr.Namespace} }

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

// create makes an object of the sample, changed.
func (tr *trial) create(ctx context.Context, t *testing.T, name string, changes ...Field) *unstructured.Unstructured {
	t.Helper()
	object := tr.sample(t, name)
	for _, change := range changes {
		change.Set(t, object)
	}
	object, err := tr.objects().Create(ctx, object, metav1.CreateOptions{})
	if err != nil {
		t.Fatalf("creating the sample of %s as %s: %v", tr.GVR.Resource, name, err)
	}
	return object
}

// available is an object to read: one that it makes, if the resource can be created, else the one that exists.
func (tr *trial) available(ctx context.Context, t *testing.T, name string) *unstructured.Unstructured {
	t.Helper()
	if tr.Can("create") {
		return tr.create(ctx, t, name)
	}
	if tr.Can("get") {
		object, err := tr.objects().Get(ctx, tr.Existing, metav1.GetOptions{})
		if err != nil {
			t.Fatalf("reading %s, which should exist: %v", tr.Existing, err)
		}
		return object
	}
	list, err := tr.objects().List(ctx, metav1.ListOptions{})
	if err != nil {
		t.Fatalf("listing %s: %v", tr.GVR.Resource, err)
	}
	i := slices.IndexFunc(list.Items, func(o unstructured.Unstructured) bool { return o.GetName() == tr.Existing })
	if i < 0 {
		t.Fatalf("%s should exist, and is not in the list: %v", tr.Existing, namesOf(list))
	}
	return &list.Items[i]
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

// update writes an object.
func (tr *trial) update(ctx context.Context, t *testing.T, object *unstructured.Unstructured) *unstructured.Unstructured {
	t.Helper()
	updated, err := tr.objects().Update(ctx, object, metav1.UpdateOptions{})
	if err != nil {
		t.Fatalf("updating %s: %v", object.GetName(), err)
	}
	return updated
}
