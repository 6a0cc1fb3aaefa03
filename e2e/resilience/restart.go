package resilience

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
	apiregistration "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	"sigs.k8s.io/e2e-framework/pkg/features"

	"example.com/annex/e2e/conformance"
	"example.com/annex/e2e/framework"
	"example.com/annex/e2e/step"
)

const (
	// answerTimeout is how long kube-apiserver may take to say that a server
	// is not there.
	answerTimeout = 5 * time.Second

	// informerTimeout is more than the longest pause that an informer makes
	// between two attempts: 30 seconds (k8s.io/client-go/tools/cache, reflector.go).
	informerTimeout = time.Minute
)

// NewInformer makes an informer of a resource, in a namespace or, where that is
// empty, in all, with options changed by tweak.
type NewInformer func(config *rest.Config, namespace string, tweak func(*metav1.ListOptions)) (cache.SharedIndexInformer, error)

// Restart kills the server of a resource and starts it again. Informers of the
// resource, a dynamic one and those of generated clients, must be in step
// before and after.
func Restart(server string, r conformance.Resource, generated ...NewInformer) *features.FeatureBuilder {
	var s step.Session
	var objects dynamic.ResourceInterface
	var survivor *unstructured.Unstructured
	var informers []cache.SharedIndexInformer
	name := nameOf(r.GVR.GroupVersion())

	create := func(ctx context.Context, t *testing.T, name string) *unstructured.Unstructured {
		t.Helper()
		object, err := r.New(s.Namespace, name)
		if err != nil {
			t.Fatal(err)
		}
		if object, err = objects.Create(ctx, object, metav1.CreateOptions{}); err != nil {
			t.Fatalf("creating %s: %v", name, err)
		}
		return object
	}
	awaitInformers := func(ctx context.Context, t *testing.T, want ...*unstructured.Unstructured) {
		t.Helper()
		for _, informer := range informers {
			step.Eventually(ctx, t, informerTimeout, fmt.Sprintf("the informer to have %d objects", len(want)), func(context.Context) error {
				keys := informer.GetStore().ListKeys()
				for _, object := range want {
					cached, ok, err := informer.GetStore().Get(object)
					if err != nil || !ok {
						return fmt.Errorf("%s is not among %v", object.GetName(), keys)
					}
					if is := cached.(metav1.Object); is.GetUID() != object.GetUID() {
						return fmt.Errorf("%s is another, of UID %s", object.GetName(), is.GetUID())
					}
				}
				if len(keys) != len(want) {
					return fmt.Errorf("it has %v", keys)
				}
				return nil
			})
		}
	}

	var killed framework.Killable // nil unless the server is away.
	restart := func(ctx context.Context, t *testing.T) {
		t.Helper()
		if err := killed.Restart(ctx); err != nil {
			t.Fatal(err)
		}
		killed = nil
		AwaitAvailable(ctx, t, &s, r.GVR.GroupVersion())
	}

	return features.New("server of "+name+" killed and back").
		Setup(s.Open).
		Setup(step.Do(func(ctx context.Context, t *testing.T) {
			// An assessment that fails must not leave the other features
			// without a server.
			t.Cleanup(func() {
				if killed != nil {
					restart(ctx, t)
				}
			})
		})).
		Setup(step.Do(func(ctx context.Context, t *testing.T) {
			objects = r.Objects(s.Clients, s.Namespace)
			namespace := metav1.NamespaceAll
			if r.Namespaced {
				namespace = s.Namespace
			}
			mine := func(options *metav1.ListOptions) { options.LabelSelector = conformance.Selector(s.Namespace) }
			informers = []cache.SharedIndexInformer{
				dynamicinformer.NewFilteredDynamicInformer(s.Dynamic, r.GVR, namespace, 0, cache.Indexers{}, mine).Informer(),
			}
			for _, make := range generated {
				informer, err := make(s.Config, namespace, mine)
				if err != nil {
					t.Fatal(err)
				}
				informers = append(informers, informer)
			}
			// What they say while the server is away is no news.
			ctx, cancel := context.WithCancel(klog.NewContext(ctx, klog.Logger{}))
			var running sync.WaitGroup
			for _, informer := range informers {
				running.Go(func() { informer.RunWithContext(ctx) })
			}
			t.Cleanup(func() {
				cancel()
				running.Wait()
			})
		})).
		Assess("before: informers have what is stored", step.Do(func(ctx context.Context, t *testing.T) {
			survivor = create(ctx, t, "survivor")
			awaitInformers(ctx, t, survivor)
		})).
		Assess("killed: callers are told at once", step.Do(func(ctx context.Context, t *testing.T) {
			killed = framework.Need[framework.Killable](ctx, t, server)
			if err := killed.Kill(ctx); err != nil {
				t.Fatal(err)
			}
			for range 5 {
				started := time.Now()
				_, err := objects.Get(ctx, survivor.GetName(), metav1.GetOptions{})
				if !apierrors.IsServiceUnavailable(err) {
					t.Errorf("got %v, want status 503", err)
				}
				if took := time.Since(started); took > answerTimeout {
					t.Errorf("the answer took %s", took)
				}
			}
		})).
		Assess("killed: the APIService says why it is not available", step.Do(func(ctx context.Context, t *testing.T) {
			framework.Need[framework.Killable](ctx, t, server)
			probe(ctx, t, &s, name)
			condition := awaitCondition(ctx, t, &s, name, apiregistration.ConditionFalse, "FailedDiscoveryCheck")
			if condition.Message == "" {
				t.Error("the condition has no message")
			}
			_, err := objects.Get(ctx, survivor.GetName(), metav1.GetOptions{})
			if !apierrors.IsServiceUnavailable(err) {
				t.Errorf("got %v, want status 503", err)
			}
		})).
		Assess("killed: the rest of the cluster goes on", step.Do(func(ctx context.Context, t *testing.T) {
			framework.Need[framework.Killable](ctx, t, server)
			if out := s.Kubectl(ctx, t, "create", "configmap", "meanwhile", "--output=name"); out != "configmap/meanwhile\n" {
				t.Errorf("kubectl create configmap: got %q", out)
			}
		})).
		Assess("back: the APIService is available again", step.Do(func(ctx context.Context, t *testing.T) {
			killed = framework.Need[framework.Killable](ctx, t, server)
			restart(ctx, t)
		})).
		Assess("back: what was stored is still there", step.Do(func(ctx context.Context, t *testing.T) {
			framework.Need[framework.Killable](ctx, t, server)
			// kube-apiserver's proxy may learn a moment later than the
			// condition that the server is back.
			step.Eventually(ctx, t, answerTimeout, "the object", func(ctx context.Context) error {
				object, err := objects.Get(ctx, survivor.GetName(), metav1.GetOptions{})
				if err != nil {
					return err
				}
				if object.GetUID() != survivor.GetUID() || object.GetResourceVersion() != survivor.GetResourceVersion() {
					return errors.New("it is another")
				}
				return nil
			})
		})).
		Assess("back: the informers are in step", step.Do(func(ctx context.Context, t *testing.T) {
			framework.Need[framework.Killable](ctx, t, server)
			newcomer := create(ctx, t, "newcomer")
			awaitInformers(ctx, t, survivor, newcomer)
			if err := objects.Delete(ctx, survivor.GetName(), metav1.DeleteOptions{}); err != nil {
				t.Fatal(err)
			}
			awaitInformers(ctx, t, newcomer)
		}))
}
