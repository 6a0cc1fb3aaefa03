package step

import (
	"context"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// NamespacesKey is the context key under which an environment keeps its [Namespaces].
type NamespacesKey struct{}

// Namespaces are those that features have created, to be deleted together when all have ended: kube-controller-manager works for
// seconds on the end of each, and features that wait for it would wait for all of that. The zero value is ready for use.
type Namespaces struct {
	mu      sync.Mutex
	created []func(context.Context)
}

func (n *Namespaces) add(client kubernetes.Interface, name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.created = append(n.created, func(ctx context.Context) {
		// Nothing to report: the feature may have deleted it.
		_ = client.CoreV1().Namespaces().Delete(ctx, name, metav1.DeleteOptions{})
	})
}

// Delete asks for the deletion of all of them, without waiting for their end.
func (n *Namespaces) Delete(ctx context.Context) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, remove := range n.created {
		remove(ctx)
	}
	n.created = nil
}
