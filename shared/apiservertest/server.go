package apiservertest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/apimachinery/pkg/util/wait"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/client-go/rest"

	"example.com/annex/shared/apiserver"
)

// startTimeout is how long a server may take until /readyz says ok: it waits for its informers and storage.
const startTimeout = 30 * time.Second

// Cluster is what the server leans on.
type Cluster struct {
	// Kubeconfig is a file that says how to reach the kube-apiserver, as somebody with the rights of
	// deployment.Installation.ServerAccess. Required.
	Kubeconfig string
	// StorageFlags are the flags that say where objects are kept, --etcd-servers and what goes with it. They are left out
	// for a server that keeps none. Required for others.
	StorageFlags []string
	// Flags are others that servers need in this cluster. Optional.
	Flags []string
}

// Server is a server that is ready.
type Server struct {
	// Config says how to reach the server as its own administrator (group system:masters).
	Config *rest.Config
	// Generic is upstream's server, for hooks.
	Generic *genericapiserver.GenericAPIServer

	stop func() error
}

// Stop ends the server as SIGTERM does, and returns what its Run returned. It may be called more than once.
func (s *Server) Stop() error { return s.stop() }

// Start runs a server until the test ends. Change options with configure, if any; it runs before the options are
// completed. A server that does not become ready, or that fails later, fails the test.
func Start(t testing.TB, definition apiserver.Definition, cluster Cluster, configure ...func(*apiserver.Options)) *Server {
	t.Helper()
	options, err := apiserver.NewOptions(definition)
	if err != nil {
		t.Fatal(err)
	}
	options.SecureServing.Listener, err = net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("listening for %s: %v", definition.Name, err)
	}
	options.CoreAPI.CoreAPIKubeconfigPath = cluster.Kubeconfig
	flags := cluster.Flags
	if definition.Stored() {
		flags = slices.Concat(flags, cluster.StorageFlags)
	}
	if err := options.Parse(flags); err != nil {
		t.Fatal(err)
	}
	if definition.Stored() {
		options.Etcd.StorageConfig.Prefix += "/" + rand.String(10)
	}
	for _, c := range configure {
		c(options)
	}
	server, err := options.Server()
	if err != nil {
		t.Fatal(err)
	}

	ctx, cancel := context.WithCancel(context.Background())
	stopped := make(chan error, 1)
	go func() { stopped <- server.Run(ctx) }()
	stop := sync.OnceValue(func() error {
		cancel()
		return <-stopped
	})
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	config := rest.CopyConfig(server.Generic.LoopbackClientConfig)
	if err := waitReady(ctx, config, stopped); err != nil {
		t.Fatalf("waiting for %s: %v", definition.Name, err)
	}
	return &Server{Config: config, Generic: server.Generic, stop: stop}
}

func waitReady(ctx context.Context, config *rest.Config, stopped chan error) error {
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	answer := "no answer"
	err = wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, startTimeout, true, func(ctx context.Context) (bool, error) {
		select {
		case err := <-stopped:
			stopped <- err // for Stop
			return false, fmt.Errorf("it stopped: %w", cmp.Or(err, errors.New("Run returned nil")))
		default:
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, config.Host+"/readyz", nil)
		if err != nil {
			return false, err
		}
		response, err := client.Do(request)
		if err != nil {
			answer = err.Error()
			return false, nil
		}
		defer response.Body.Close()
		answer = response.Status
		return response.StatusCode == http.StatusOK, nil
	})
	if err != nil {
		return fmt.Errorf("/readyz of %s: %w (last: %s)", config.Host, err, answer)
	}
	return nil
}
