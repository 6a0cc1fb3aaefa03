package storage_test

import (
	"context"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	metainternalversion "k8s.io/apimachinery/pkg/apis/meta/internalversion"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apiserver/pkg/apis/example"
	examplev1 "k8s.io/apiserver/pkg/apis/example/v1"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/generic"
	genericregistry "k8s.io/apiserver/pkg/registry/generic/registry"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/apiserver/pkg/storage/names"
	"k8s.io/apiserver/pkg/storage/storagebackend"

	"example.com/annex/shared/storage"
	"example.com/annex/shared/storage/sql"
)

// strategy is the least that upstream's registry wants.
type strategy struct {
	runtime.ObjectTyper
	names.NameGenerator
}

func (strategy) NamespaceScoped() bool                                            { return true }
func (strategy) AllowCreateOnUpdate(context.Context) bool                         { return false }
func (strategy) AllowUnconditionalUpdate(context.Context) bool                    { return true }
func (strategy) PrepareForCreate(context.Context, runtime.Object)                 {}
func (strategy) PrepareForUpdate(context.Context, runtime.Object, runtime.Object) {}
func (strategy) Canonicalize(runtime.Object)                                      {}
func (strategy) Validate(context.Context, runtime.Object) field.ErrorList         { return nil }
func (strategy) WarningsOnCreate(context.Context, runtime.Object) []string        { return nil }
func (strategy) WarningsOnUpdate(context.Context, runtime.Object, runtime.Object) []string {
	return nil
}
func (strategy) ValidateUpdate(context.Context, runtime.Object, runtime.Object) field.ErrorList {
	return nil
}

// upstreamGetter is what upstream's storage factory says.
type upstreamGetter struct {
	config *storagebackend.ConfigForResource
}

func (g upstreamGetter) GetRESTOptions(schema.GroupResource, runtime.Object) (generic.RESTOptions, error) {
	return generic.RESTOptions{StorageConfig: g.config, ResourcePrefix: "example.apiserver.k8s.io/pods", Decorator: generic.UndecoratedStorage}, nil
}

// TestRegistry has upstream's registry keep objects in a database, with the watch cache and without.
func TestRegistry(t *testing.T) {
	t.Parallel()
	for name, uncached := range map[string]bool{"cached": false, "uncached": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			database, err := sql.Open(t.Context(), sql.Options{SQLite: filepath.Join(t.TempDir(), "objects.db")})
			if err != nil {
				t.Fatal(err)
			}
			scheme := runtime.NewScheme()
			for _, add := range []func(*runtime.Scheme) error{example.AddToScheme, examplev1.AddToScheme} {
				if err := add(scheme); err != nil {
					t.Fatal(err)
				}
			}
			resource := example.Resource("pods")
			s := strategy{ObjectTyper: scheme, NameGenerator: names.SimpleNameGenerator}
			config := storagebackend.NewDefaultConfig("/annex", serializer.NewCodecFactory(scheme).LegacyCodec(examplev1.SchemeGroupVersion))
			registry := &genericregistry.Store{
				NewFunc:                   func() runtime.Object { return &example.Pod{} },
				NewListFunc:               func() runtime.Object { return &example.PodList{} },
				DefaultQualifiedResource:  resource,
				SingularQualifiedResource: example.Resource("pod"),
				CreateStrategy:            s, UpdateStrategy: s, DeleteStrategy: s,
				TableConvertor: rest.NewDefaultTableConvertor(resource),
			}
			if err := registry.CompleteWithOptions(&generic.StoreOptions{RESTOptions: storage.RESTOptionsGetter{
				RESTOptionsGetter: upstreamGetter{config.ForResource(resource)}, Database: database, Uncached: func(schema.GroupResource) bool { return uncached },
			}}); err != nil {
				t.Fatal(err)
			}
			check := storage.HealthCheck(database, time.Minute)
			request := httptest.NewRequest("GET", "/readyz", nil)
			if err := check.Check(request); err != nil {
				t.Error(err)
			}

			ctx := genericapirequest.WithNamespace(t.Context(), "default")
			pod := &example.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "web"}}
			if _, err := registry.Create(ctx, pod, rest.ValidateAllObjectFunc, &metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
			// A watch cache that is not filled yet refuses lists, and clients ask again.
			if err := wait.PollUntilContextTimeout(ctx, 10*time.Millisecond, time.Minute, true, func(context.Context) (bool, error) {
				return registry.ReadinessCheck() == nil, nil
			}); err != nil {
				t.Fatalf("waiting for the storage to be ready: %v: %v", err, registry.ReadinessCheck())
			}
			list, err := registry.List(ctx, &metainternalversion.ListOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if items := list.(*example.PodList).Items; len(items) != 1 || items[0].Name != "web" || items[0].ResourceVersion != "2" {
				t.Errorf("the list has %+v", items)
			}
			registry.Destroy()
			if err := database.Close(); err != nil {
				t.Fatal(err)
			}
			if err := check.Check(request); err == nil {
				t.Error("a closed database counts as healthy")
			}
		})
	}
}
