package embedded_test

import (
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/sample-apiserver/pkg/apis/wardle"

	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/registry"
)

// observed is a resource whose storage tells that it is destroyed. It keeps nothing: the first etcd client of a process
// finds out what etcd can do, and no server after it would know if that client were destroyed at once
// (k8s.io/apiserver/pkg/storage/feature).
type observed struct{ destroyed *atomic.Bool }

func (observed) Name() string            { return "flunders" }
func (observed) Access() registry.Access { return registry.Access{} }

func (o observed) Storage(registry.Options) (map[string]rest.Storage, error) {
	return map[string]rest.Storage{"": o}, nil
}

func (observed) New() runtime.Object { return &wardle.Flunder{} }

func (o observed) Destroy() { o.destroyed.Store(true) }

// broken is a resource that can't be served.
type broken struct{}

func (broken) Name() string            { return "fischers" }
func (broken) Access() registry.Access { return registry.Access{} }

func (broken) Storage(registry.Options) (map[string]rest.Storage, error) {
	return nil, errors.New("out of order")
}

// TestFailedStart leaves nothing of a server whose second resource fails: neither the first one's storage, nor the
// listener.
func TestFailedStart(t *testing.T) {
	t.Parallel()
	var destroyed atomic.Bool
	definition := wardleDefinition()
	definition.Groups[0].Resources = []registry.Resource{observed{&destroyed}, broken{}}
	options, err := apiserver.NewOptions(definition)
	if err != nil {
		t.Fatal(err)
	}
	if err := options.Parse([]string{"--kubeconfig=" + cluster.Kubeconfig}); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	options.SecureServing.Listener = listener
	if _, err := options.Server(); err == nil || !strings.Contains(err.Error(), "out of order") {
		t.Errorf("got %v, want the resource's error", err)
	}
	if !destroyed.Load() {
		t.Error("the first resource's storage is not destroyed")
	}
	if _, err := listener.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the listener is not closed: %v", err)
	}
}
