package framework

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/e2e-framework/klient"
	"sigs.k8s.io/e2e-framework/support"

	"example.com/annex/shared/certs"
	"example.com/annex/shared/deployment"
	"example.com/annex/tools/controlplane"
	"example.com/annex/tools/controlplane/extension"
)

// controlPlane is a cluster without nodes, made for the run: etcd,
// kube-apiserver and kube-controller-manager as child processes. The servers
// run as child processes too.
type controlPlane struct {
	options controlplane.Options
	backend string
	running *controlplane.ControlPlane
	storage *storage
	servers []*extension.Extension
}

var _ Cluster = (*controlPlane)(nil)

// ControlPlane is a control plane that Create starts with the options. The logs
// of its processes, and of the servers, are in options.LogDir. The servers keep
// their objects in storage, as --storage-backend names it.
func ControlPlane(options controlplane.Options, storage string) Cluster {
	return &controlPlane{options: options, backend: storage}
}

func (c *controlPlane) SetDefaults() support.E2EClusterProvider { return c }

// WithName does nothing: a control plane is known by its kubeconfig.
func (c *controlPlane) WithName(string) support.E2EClusterProvider { return c }

// WithVersion does nothing: tools/controlplane/kubernetes/go.mod has the version.
func (c *controlPlane) WithVersion(string) support.E2EClusterProvider { return c }

// WithPath does nothing: the options have the paths of all programs.
func (c *controlPlane) WithPath(string) support.E2EClusterProvider { return c }

func (c *controlPlane) WithOpts(opts ...support.ClusterOpts) support.E2EClusterProvider {
	for _, opt := range opts {
		opt(c)
	}
	return c
}

// Create starts the control plane and waits until it is ready. The arguments
// are added to kube-apiserver's.
func (c *controlPlane) Create(ctx context.Context, args ...string) (string, error) {
	options := c.options
	options.KubeAPIServerArgs = append(options.KubeAPIServerArgs, args...)
	running, err := controlplane.Start(ctx, options)
	if err != nil {
		return "", err
	}
	c.running = running
	if c.storage, err = newStorage(ctx, c.backend, running.Dir()); err != nil {
		return "", err
	}
	return running.Kubeconfig(), nil
}

// CreateWithConfig fails: flags are all there is to configure.
func (c *controlPlane) CreateWithConfig(context.Context, string) (string, error) {
	return "", errors.New("a control plane takes no configuration file")
}

func (c *controlPlane) GetKubeconfig() string {
	if c.running == nil {
		return ""
	}
	return c.running.Kubeconfig()
}

func (c *controlPlane) GenerateKubeconfig(...string) (string, error) {
	if c.running == nil {
		return "", errors.New("the control plane is not running")
	}
	return c.running.Kubeconfig(), nil
}

func (c *controlPlane) GetKubectlContext() string { return "" }

func (c *controlPlane) KubernetesRestConfig() *rest.Config {
	if c.running == nil {
		return nil
	}
	return c.running.RESTConfig()
}

// WaitForControlPlane returns at once: Create has waited.
func (c *controlPlane) WaitForControlPlane(context.Context, klient.Client) error { return nil }

// ExportLogs copies the log of every process to the directory dest, unless they
// are written there in the first place.
func (c *controlPlane) ExportLogs(_ context.Context, dest string) error {
	if c.running == nil || filepath.Clean(c.running.LogDir()) == filepath.Clean(dest) {
		return nil
	}
	if err := os.CopyFS(dest, os.DirFS(c.running.LogDir())); err != nil {
		return fmt.Errorf("exporting the control plane's logs: %w", err)
	}
	return nil
}

// Destroy stops the servers, the last installed first, and the control plane. It
// may be called whatever became of Create and Install.
func (c *controlPlane) Destroy(ctx context.Context) error {
	if c.running == nil {
		return nil
	}
	var errs []error
	for _, server := range slices.Backward(c.servers) {
		errs = append(errs, server.Stop(ctx))
	}
	return errors.Join(append(errs, c.storage.close(), c.running.Stop(ctx))...)
}

// Install finds or builds the server's program and takes all the steps of
// tools/controlplane/extension.
func (c *controlPlane) Install(ctx context.Context, server Server) (Installation, error) {
	program, err := server.Program(ctx, filepath.Join(c.running.Dir(), "programs"))
	if err != nil {
		return nil, err
	}
	flags, err := c.storage.flags(ctx, server.Name())
	if err != nil {
		return nil, err
	}
	e, err := extension.New(extension.Options{
		Plane:        c.running,
		Storage:      flags,
		Installation: deployment.Installation{Definition: server.Definition},
		Program:      program,
		Args:         server.Args,
	})
	if err != nil {
		return nil, err
	}
	c.servers = append(c.servers, e)
	if err := e.Install(ctx); err != nil {
		return nil, err
	}
	return serverProcess{installed: installed{server}, extension: e, plane: c.running}, nil
}

// serverProcess is a server that runs as a child process.
type serverProcess struct {
	installed
	extension *extension.Extension
	plane     *controlplane.ControlPlane
}

var (
	_ Killable   = serverProcess{}
	_ Exposed    = serverProcess{}
	_ Disposable = serverProcess{}
)

func (s serverProcess) Kill(context.Context) error        { return s.extension.Kill() }
func (s serverProcess) Restart(ctx context.Context) error { return s.extension.Restart(ctx) }
func (s serverProcess) Direct() *rest.Config              { return s.extension.Direct() }
func (s serverProcess) FrontProxyCA() *certs.Authority    { return s.plane.FrontProxyCA() }
func (s serverProcess) ClientCA() *certs.Authority        { return s.plane.ClientCA() }
func (s serverProcess) Disposable()                       {}
