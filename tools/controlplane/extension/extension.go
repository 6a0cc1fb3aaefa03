package extension

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	aggregator "k8s.io/kube-aggregator/pkg/client/clientset_generated/clientset"

	"example.com/annex/shared/certs"
	"example.com/annex/shared/deployment"
	"example.com/annex/tools/controlplane"
	"example.com/annex/tools/controlplane/port"
	"example.com/annex/tools/controlplane/process"
)

// Extension is an aggregated API server of a control plane.
type Extension struct {
	options    Options
	plane      *controlplane.ControlPlane
	namespace  string
	dir        string
	port       *port.Reservation
	kubernetes kubernetes.Interface
	aggregator aggregator.Interface

	serving *certs.Pair
	ca      []byte // What verifies the server's certificate, or did when it started.

	mu     sync.Mutex
	server *process.Process // nil before StartServer
}

// New prepares an extension; nothing is installed or started yet. Stop it in
// any case.
func New(options Options) (*Extension, error) {
	name := options.Installation.Definition.Name
	if options.Apply == nil {
		options.Apply = func(ctx context.Context, _ string, objects ...runtime.Object) error {
			return options.Plane.Apply(ctx, objects...)
		}
	}
	e := &Extension{
		options:   options,
		plane:     options.Plane,
		namespace: options.Installation.Namespace,
		dir:       filepath.Join(options.Plane.Dir(), name),
	}
	if e.namespace == "" {
		e.namespace = deployment.DefaultNamespace
	}
	fail := func(err error) (*Extension, error) {
		return nil, fmt.Errorf("preparing the server %s: %w", name, err)
	}
	if err := options.Installation.Definition.Validate(); err != nil {
		return fail(err)
	}
	var err error
	if e.kubernetes, err = kubernetes.NewForConfig(e.plane.RESTConfig()); err != nil {
		return fail(err)
	}
	if e.aggregator, err = aggregator.NewForConfig(e.plane.RESTConfig()); err != nil {
		return fail(err)
	}
	if err := os.MkdirAll(e.dir, 0o700); err != nil {
		return fail(err)
	}
	if e.port, err = port.Reserve(e.plane.BindAddress()); err != nil {
		return fail(err)
	}
	return e, nil
}

// Install takes all steps. When one fails, the error says which.
func (e *Extension) Install(ctx context.Context) error {
	for _, step := range e.Steps() {
		if err := step.Run(ctx); err != nil {
			return fmt.Errorf("installing the server %s: %s: %w", e.Name(), step.Name, err)
		}
	}
	return nil
}

// Uninstall takes the server out of the API, and stops it. The APIServices go
// first: while one of them names a server that is gone, discovery and the
// deletion of namespaces fail for the whole cluster.
func (e *Extension) Uninstall(ctx context.Context) error {
	if err := e.unregister(ctx); err != nil {
		return fmt.Errorf("uninstalling the server %s: %w", e.Name(), err)
	}
	return e.Stop(ctx)
}

// Stop stops the server's process, if it runs, and frees its port. The objects
// stay, and are gone with the control plane. It may be called more than once.
func (e *Extension) Stop(ctx context.Context) error {
	var err error
	if server := e.Server(); server != nil {
		err = server.Stop(ctx)
	}
	if err := errors.Join(err, e.port.Release()); err != nil {
		return fmt.Errorf("stopping the server %s: %w", e.Name(), err)
	}
	return nil
}

// Kill ends the server's process at once, as a crash would.
func (e *Extension) Kill() error {
	server := e.Server()
	if server == nil {
		return fmt.Errorf("killing the server %s: it was never started", e.Name())
	}
	return server.Kill()
}

// Restart starts the server again, on its port and with its certificate, and
// waits until it is ready. A server that still runs is stopped first.
func (e *Extension) Restart(ctx context.Context) error {
	server := e.Server()
	if server == nil {
		return fmt.Errorf("restarting the server %s: it was never started", e.Name())
	}
	if err := server.Stop(ctx); err != nil {
		return fmt.Errorf("restarting the server %s: %w", e.Name(), err)
	}
	return e.run(ctx, server.Command())
}

// run starts a process as the server and waits until it is ready.
func (e *Extension) run(ctx context.Context, command process.Command) error {
	server, err := process.Start(ctx, command)
	if err != nil {
		return err
	}
	e.mu.Lock()
	e.server = server
	e.mu.Unlock()
	return server.WaitReady(ctx)
}

// Name is the server's name in its Definition.
func (e *Extension) Name() string { return e.options.Installation.Definition.Name }

// Namespace is where the server's Service and ServiceAccount are.
func (e *Extension) Namespace() string { return e.namespace }

// Server is the server's process, the last one started, or nil.
func (e *Extension) Server() *process.Process {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.server
}

// ServerName is the DNS name in the server's certificate that kube-apiserver
// verifies.
func (e *Extension) ServerName() string { return e.options.Installation.ServiceName() }

// Direct is how to reach the server itself, past kube-apiserver, without
// credentials. The certificate authority is that of its start.
func (e *Extension) Direct() *rest.Config {
	return &rest.Config{
		Host:            "https://" + e.port.Address(),
		TLSClientConfig: rest.TLSClientConfig{ServerName: e.ServerName(), CAData: e.ca},
		QPS:             -1,
	}
}
