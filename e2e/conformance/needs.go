package conformance

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/restmapper"
	"sigs.k8s.io/e2e-framework/pkg/envconf"
	"sigs.k8s.io/e2e-framework/pkg/features"

	"example.com/annex/e2e/step"
)

// needTimeout is how long it may take until what a resource needs counts: kube-apiserver may have to learn of the resource, and the
// server may look at the objects through an informer.
const needTimeout = openAPITimeout + 15*time.Second

// needed counts, by cluster and object, the features that need an object which this process has created.
var needed = struct {
	sync.Mutex
	by map[string]int
}{by: map[string]int{}}

// hold is a feature that keeps what the resource needs until a test has ended that it is part of.
func (r Resource) hold(until *testing.T) *features.FeatureBuilder {
	s := &step.Session{}
	return features.New("what "+r.String()+" needs").
		WithLabel(ResourceLabel, r.String()).
		Setup(func(ctx context.Context, t *testing.T, cfg *envconf.Config) context.Context {
			t.Helper()
			ctx = s.Open(ctx, t, cfg)
			r.provide(ctx, t, until, s, s.Namespace)
			return ctx
		})
}

// provide creates what the resource needs in a namespace, and returns once an object of the sample would be accepted there, or
// the existing object is. It fails t, whose goroutine calls it. What was created is deleted again when the other test, and those of
// all others who asked for it, have ended.
func (r Resource) provide(ctx context.Context, t, until *testing.T, s *step.Session, namespace string) {
	t.Helper()
	if len(r.Needs) == 0 {
		return
	}
	groups, err := restmapper.GetAPIGroupResources(s.Kubernetes.Discovery())
	if err != nil {
		t.Fatalf("finding out which resources are needed by %s: %v", r, err)
	}
	mapper := restmapper.NewDiscoveryRESTMapper(groups)
	for _, need := range r.Needs {
		object, err := decode(need)
		if err != nil {
			t.Fatalf("decoding what %s needs: %v", r, err)
		}
		mapping, err := mapper.RESTMapping(object.GroupVersionKind().GroupKind(), object.GroupVersionKind().Version)
		if err != nil {
			t.Fatalf("what %s needs can't be in this cluster: %v", r, err)
		}
		if err := acquire(ctx, until, s, mapping, object, namespace); err != nil {
			t.Fatalf("creating what %s needs: %v", r, err)
		}
	}
	step.Eventually(ctx, t, needTimeout, fmt.Sprintf("%s to be there with what it needs", r), func(ctx context.Context) error {
		// Where the resource itself is made by what it needs, kubectl must find it, too.
		if _, err := r.discover(ctx, s.Clients); err != nil {
			return err
		}
		document, err := readOpenAPI(ctx, s.Clients, append([]string{"openapi", "v3"}, r.root()...)...)
		if err != nil {
			return err
		}
		if _, err := document.kind(r); err != nil {
			return err
		}
		objects := r.Objects(s.Clients, namespace)
		switch {
		case r.Can("create"):
		case r.Can("get"):
			_, err := objects.Get(ctx, r.Existing, metav1.GetOptions{})
			return err
		default:
			return nil
		}
		object, err := r.New(namespace, "needy")
		if err != nil {
			return err
		}
		_, err = objects.Create(ctx, object, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		return err
	})
}

// acquire creates an object, and releases it when a test ends.
func acquire(ctx context.Context, until *testing.T, s *step.Session, mapping *meta.RESTMapping, object *unstructured.Unstructured, namespace string) error {
	until.Helper()
	var objects dynamic.ResourceInterface = s.Dynamic.Resource(mapping.Resource)
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		if object.GetNamespace() == "" {
			object.SetNamespace(namespace)
		}
		objects = s.Dynamic.Resource(mapping.Resource).Namespace(object.GetNamespace())
	}
	key := strings.Join([]string{s.Config.Host, mapping.Resource.String(), object.GetNamespace(), object.GetName()}, " ")
	needed.Lock()
	defer needed.Unlock()
	if needed.by[key] == 0 {
		_, err := objects.Create(ctx, object, metav1.CreateOptions{})
		if apierrors.IsAlreadyExists(err) {
			return nil // Somebody else's, who may keep it.
		}
		if err != nil {
			return err
		}
	}
	needed.by[key]++
	until.Cleanup(func() {
		needed.Lock()
		defer needed.Unlock()
		if needed.by[key]--; needed.by[key] > 0 {
			return
		}
		ctx, cancel := step.CleanupContext(ctx)
		defer cancel()
		// The cluster may be gone by now, and the object with it.
		_ = objects.Delete(ctx, object.GetName(), metav1.DeleteOptions{})
	})
	return nil
}
