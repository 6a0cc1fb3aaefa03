package embedded_test

import (
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"k8s.io/apiserver/pkg/registry/rest"

	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/registry"
)

// observed is a resource whose storages tell that they are destroyed.
type observed struct {
	registry.Resource
	destroyed *atomic.Int32
}

type observedStorage struct {
	rest.Storage
	destroyed *atomic.Int32
}

func (o observed) Storage(options registry.Options) (map[string]rest.Storage, error) {
	storage, err := o.Resource.Storage(options)
	for name, s := range storage {
		storage[name] = observedStorage{s, o.destroyed}
	}
	return storage, err
}

func (s observedStorage) Destroy() {
	s.destroyed.Add(1)
	s.Storage.Destroy()
}

// broken is a resource that can't be served.
type broken struct{}

func (broken) Name() string { return "fischers" }

func (broken) Storage(registry.Options) (map[string]rest.Storage, error) {
	return nil, errors.New("out of order")
}

// TestFailedStart leaves nothing of a server whose second resource fails: neither the first one's storage, nor the
// listener.
func TestFailedStart(t *testing.T) {
	t.Parallel()
	var destroyed atomic.Int32
	definition := wardleDefinition()
	group := &definition.Groups[0]
	group.Resources = []registry.Resource{observed{group.Resources[0], &destroyed}, broken{}}
	options, err := apiserver.NewOptions(definition)
	if err != nil {
		t.Fatal(err)
	}
	if err := options.Parse(append(cluster.StorageFlags, "--kubeconfig="+cluster.Kubeconfig)); err != nil {
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
	if got := destroyed.Load(); got != 2 {
		t.Errorf("%d storages were destroyed, want flunders and flunders/status", got)
	}
	if _, err := listener.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the listener is not closed: %v", err)
	}
}
