package registrytest

import (
	"context"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/endpoints/request"
	genericregistry "k8s.io/apiserver/pkg/registry/generic/registry"
	tester "k8s.io/apiserver/pkg/registry/generic/testing"
	"k8s.io/apiserver/pkg/registry/rest"

	"example.com/annex/shared/registry"
)

// trial is a resource in the hands of one test, with a storage of its own.
type trial[T registry.Object] struct {
	*testing.T
	Subject[T]
	version string
	storage map[string]rest.Storage
	store   *genericregistry.Store
}

func try[T registry.Object](t *testing.T, backend Backend, s Subject[T], version string) trial[T] {
	t.Helper()
	_, storage := storageOf(t, backend, s.Definition, s.Resource)
	t.Cleanup(func() {
		for _, part := range storage {
			part.Destroy()
		}
	})
	return trial[T]{T: t, Subject: s, version: version, storage: storage, store: genericStore(t, storage)}
}

// namespaced tells whether the objects live in namespaces.
func (tr trial[T]) namespaced() bool { return tr.store.CreateStrategy.NamespaceScoped() }

// namespace is where upstream's testers make objects.
func (tr trial[T]) namespace() string {
	if tr.namespaced() {
		return "test"
	}
	return metav1.NamespaceNone
}

// requestInfo is of requests in the trial's version.
func (tr trial[T]) requestInfo(subresource string) *request.RequestInfo {
	return &request.RequestInfo{
		IsResourceRequest: true, APIGroup: tr.Resource.Group, APIVersion: tr.version, Resource: tr.Resource.Resource, Subresource: subresource,
	}
}

// context is that of a request to the resource ("") or to a subresource.
func (tr trial[T]) context(subresource string) context.Context {
	return request.WithRequestInfo(request.WithNamespace(tr.Context(), tr.namespace()), tr.requestInfo(subresource))
}

// valid is a valid object of the name, changed.
func (tr trial[T]) valid(name string, changes ...func(T)) T {
	object := tr.Valid()
	object.SetName(name)
	object.SetNamespace(tr.namespace())
	for _, change := range changes {
		change(object)
	}
	return object
}

// tester is upstream's, for the resource itself.
func (tr trial[T]) tester() *tester.Tester {
	test := tester.New(tr.T, tr.store).SetRequestInfo(tr.requestInfo(""))
	if !tr.namespaced() {
		test = test.ClusterScope()
	}
	return test
}

// put stores an object as it is, past the strategy.
func (tr trial[T]) put(ctx context.Context, object runtime.Object) error {
	key, err := tr.store.KeyFunc(ctx, object.(T).GetName())
	if err != nil {
		return err
	}
	return tr.store.Storage.Create(ctx, key, object, nil, 0, false)
}

// read reads an object of the same name.
func (tr trial[T]) read(ctx context.Context, object runtime.Object) (runtime.Object, error) {
	return tr.store.Get(ctx, object.(T).GetName(), &metav1.GetOptions{})
}
