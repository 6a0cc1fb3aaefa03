package reflector_test

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes"
	listers "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/rest"

	"example.com/annex/shared/reflector"
	"example.com/annex/shared/registry"
)

// nodes counts the cluster's nodes, when somebody asks.
type nodes struct{ *reflector.Reflector }

func newNodes(o registry.Options) (nodes, error) {
	r, err := o.Reflectors.For(schema.GroupResource{Resource: "nodes"}, func(config *rest.Config) (reflector.Options, error) {
		clients, err := kubernetes.NewForConfig(config)
		if err != nil {
			return reflector.Options{}, err
		}
		return reflector.Options{Type: &corev1.Node{}, ListerWatcher: reflector.ListWatch(clients.CoreV1().Nodes())}, nil
	})
	return nodes{r}, err
}

func (n nodes) count(ctx context.Context) (int, error) {
	if err := reflector.InStep(ctx, n.Reflector); err != nil {
		return 0, err // Status 503, which names nodes, and says why they can't be read.
	}
	all, err := listers.NewNodeLister(n.Indexer()).List(labels.Everything())
	return len(all), err
}

// What a registry.Computed or registry.Review computes from. The server runs the reflectors that its resources ask for.
func ExampleSet() {
	answer := func(ctx context.Context, o registry.Options) (int, error) {
		n, err := newNodes(o)
		if err != nil {
			return 0, err
		}
		return n.count(ctx)
	}
	_ = answer
}
