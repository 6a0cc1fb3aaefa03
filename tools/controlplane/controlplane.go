package controlplane

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/client-go/rest"

	"example.com/annex/shared/certs"
	"example.com/annex/tools/controlplane/port"
	"example.com/annex/tools/controlplane/process"
	"example.com/annex/tools/controlplane/workdir"
)

// dirPrefix begins the name of a control plane's private directory.
const dirPrefix = "annex-controlplane"

// ControlPlane is a running control plane. Its methods may be called by several
// goroutines at once.
type ControlPlane struct {
	options  Options
	binaries Binaries
	dir      *workdir.Directory
	logDir   string
	pki      *pki

	etcdPort, apiServerPort *port.Reservation
	admin                   *rest.Config
	version                 *version.Version

	mu        sync.Mutex
	ports     []*port.Reservation
	processes []*process.Process // in the order of their start
	keepLogs  bool
}

// Start starts a control plane, and returns when all of it is ready. When it
// fails, or the context is done before, nothing is left running; the error says
// which process failed, why, and where its log is, which is kept for a day. Once Start has returned the
// context no longer matters: the control plane runs until Stop.
func Start(ctx context.Context, options Options) (*ControlPlane, error) {
	if options.Timeout == 0 {
		options.Timeout = DefaultTimeout
	}
	if options.Progress == nil {
		options.Progress = func(Event) {}
	}
	if options.Binaries == (Binaries{}) {
		binaries, err := FindBinaries()
		if err != nil {
			return nil, err
		}
		options.Binaries = binaries
	}
	timed, cancel := context.WithTimeoutCause(ctx, options.Timeout,
		fmt.Errorf("the control plane did not start within %s: %w", options.Timeout, context.DeadlineExceeded))
	defer cancel()

	c := &ControlPlane{options: options, binaries: options.Binaries}
	if err := c.start(timed); err != nil {
		c.KeepLogs()
		// The caller's context may be the reason: stopping needs another.
		return nil, errors.Join(fmt.Errorf("starting a control plane: %w", err), c.Stop(context.WithoutCancel(ctx)))
	}
	return c, nil
}

func (c *ControlPlane) start(ctx context.Context) error {
	if err := c.checkBindAddress(); err != nil {
		return err
	}
	if err := c.prepare(); err != nil {
		return err
	}
	etcdPeer, err := c.reserve()
	if err != nil {
		return err
	}
	controllerManagerPort, err := c.reserve()
	if err != nil {
		return err
	}
	controllerManagerConfig, err := c.ConfigFor("system:kube-controller-manager")
	if err != nil {
		return err
	}
	controllerManagerKubeconfig := c.dir.Join("kube-controller-manager.kubeconfig")
	if err := WriteKubeconfig(controllerManagerKubeconfig, controllerManagerConfig); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	for _, command := range []process.Command{
		c.etcdCommand(c.etcdPort, etcdPeer),
		c.kubeAPIServerCommand(c.apiServerPort),
		c.kubeControllerManagerCommand(controllerManagerPort, controllerManagerKubeconfig),
	} {
		p, err := c.run(ctx, command)
		if err != nil {
			return err
		}
		// The next one would wait in vain.
		go p.CancelWhenGone(ctx, cancel)
	}
	return c.readVersion(ctx)
}

// prepare makes all that the processes read: directories, keys, ports and the
// administrator's kubeconfig.
func (c *ControlPlane) prepare() error {
	dir, err := workdir.New(c.options.Dir, dirPrefix)
	if err != nil {
		return err
	}
	c.dir = dir
	c.logDir = c.options.LogDir
	if c.logDir == "" {
		c.logDir = dir.Join("logs")
	}
	pkiDir := dir.Join("pki")
	for _, made := range []string{c.logDir, pkiDir} {
		if err := os.MkdirAll(made, 0o700); err != nil {
			return fmt.Errorf("making a directory: %w", err)
		}
	}
	if c.pki, err = newPKI(pkiDir); err != nil {
		return fmt.Errorf("making keys: %w", err)
	}
	if c.etcdPort, err = c.reserve(); err != nil {
		return err
	}
	if c.apiServerPort, err = c.reserve(); err != nil {
		return err
	}
	// system:masters is bound to cluster-admin by kube-apiserver itself.
	if c.admin, err = c.ConfigFor("admin", "system:masters"); err != nil {
		return err
	}
	return WriteKubeconfig(c.Kubeconfig(), c.admin)
}

// run starts one process and waits until it is ready.
func (c *ControlPlane) run(ctx context.Context, command process.Command) (*process.Process, error) {
	started := time.Now()
	p, err := process.Start(ctx, command)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.processes = append(c.processes, p)
	c.mu.Unlock()
	c.options.Progress(Event{Process: command.Name})
	if err := p.WaitReady(ctx); err != nil {
		return nil, err
	}
	c.options.Progress(Event{Process: command.Name, Ready: true, Took: time.Since(started)})
	return p, nil
}

// checkBindAddress says before the start what would be a riddle after it.
func (c *ControlPlane) checkBindAddress() error {
	reservation, err := port.Reserve(c.BindAddress())
	if err != nil {
		return fmt.Errorf("aggregator routing needs the address %s on this machine; run the program with netns.Run: %w", c.BindAddress(), err)
	}
	return reservation.Release()
}

func (c *ControlPlane) reserve() (*port.Reservation, error) {
	reservation, err := port.Reserve("127.0.0.1")
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ports = append(c.ports, reservation)
	return reservation, nil
}

func (c *ControlPlane) logFile(name string) string { return filepath.Join(c.logDir, name+".log") }

// Stop stops the processes, the last started first, and removes the private
// directory. When the context is done, what still runs is killed. It may be
// called again: nothing is left when it returns nil.
func (c *ControlPlane) Stop(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var errs []error
	for i := len(c.processes) - 1; i >= 0; i-- {
		errs = append(errs, c.processes[i].Stop(ctx))
	}
	for _, reservation := range c.ports {
		errs = append(errs, reservation.Release())
	}
	switch {
	case c.dir == nil:
	case c.keepLogs && c.options.LogDir == "":
		errs = append(errs, c.dir.RemoveExcept(filepath.Base(c.logDir)))
	default:
		errs = append(errs, c.dir.Remove())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("stopping the control plane: %w", err)
	}
	return nil
}

// Processes are etcd, kube-apiserver and kube-controller-manager, in this order.
func (c *ControlPlane) Processes() []*process.Process {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]*process.Process(nil), c.processes...)
}

// RESTConfig is cluster-admin's, without a limit on the rate of requests:
// kube-apiserver has priority and fairness for that. It is the caller's to
// change.
func (c *ControlPlane) RESTConfig() *rest.Config { return rest.CopyConfig(c.admin) }

// Kubeconfig is the file that says what RESTConfig says. Stop removes it.
func (c *ControlPlane) Kubeconfig() string { return c.dir.Join("admin.kubeconfig") }

// ConfigFor is the configuration of another user, who proves who he is with a
// client certificate. He may do what RBAC lets him.
func (c *ControlPlane) ConfigFor(user string, groups ...string) (*rest.Config, error) {
	pair, err := c.pki.clients.IssueClient(user, groups...)
	if err != nil {
		return nil, fmt.Errorf("making credentials for %q: %w", user, err)
	}
	config := c.AnonymousConfig()
	config.CertData, config.KeyData = pair.CertificatePEM, pair.KeyPEM
	return config, nil
}

// AnonymousConfig is kube-apiserver's address and CA, without credentials: add
// a ServiceAccount's token to it, say.
func (c *ControlPlane) AnonymousConfig() *rest.Config {
	return &rest.Config{
		Host:            "https://" + c.apiServerPort.Address(),
		TLSClientConfig: rest.TLSClientConfig{CAData: c.pki.clients.CertificatePEM()},
		QPS:             -1,
	}
}

// ClientCA is the authority of users (--client-ca-file) and of the components'
// serving certificates.
func (c *ControlPlane) ClientCA() *certs.Authority { return c.pki.clients }

// FrontProxyCA is the authority of kube-apiserver as a proxy
// (--requestheader-client-ca-file): whoever has a certificate of it in the name
// "front-proxy-client" is believed when he says who a user is.
func (c *ControlPlane) FrontProxyCA() *certs.Authority { return c.pki.frontProxy }

// Dir is the private directory. Stop removes it.
func (c *ControlPlane) Dir() string { return c.dir.Path() }

// LogDir has one log per process. Stop removes it, unless it was in the options.
func (c *ControlPlane) LogDir() string { return c.logDir }

// KeepLogs lets Stop leave LogDir where it is, because something went wrong. A
// control plane that starts a day later removes it.
func (c *ControlPlane) KeepLogs() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keepLogs = true
}

// RestartKubeAPIServer starts kube-apiserver again, on its port, with args added to its flags for good, and waits until it is ready.
// One that still runs is stopped first. Its clients find it again by themselves.
func (c *ControlPlane) RestartKubeAPIServer(ctx context.Context, args ...string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.processes, func(p *process.Process) bool { return p.Name() == kubeAPIServer })
	if i < 0 {
		return errors.New("restarting kube-apiserver: it was never started")
	}
	if err := c.processes[i].Stop(ctx); err != nil {
		return fmt.Errorf("restarting kube-apiserver: %w", err)
	}
	command := c.processes[i].Command()
	command.Args = append(slices.Clone(command.Args), args...)
	again, err := process.Start(ctx, command)
	if err != nil {
		return fmt.Errorf("restarting kube-apiserver: %w", err)
	}
	c.processes[i] = again
	ctx, cancel := context.WithTimeoutCause(ctx, c.options.Timeout, fmt.Errorf("not ready within %s: %w", c.options.Timeout, context.DeadlineExceeded))
	defer cancel()
	if err := again.WaitReady(ctx); err != nil {
		return fmt.Errorf("restarting kube-apiserver: %w", err)
	}
	return nil
}

// KubeAPIServer is the process of kube-apiserver, the last one started.
func (c *ControlPlane) KubeAPIServer() *process.Process {
	for _, p := range c.Processes() {
		if p.Name() == kubeAPIServer {
			return p
		}
	}
	return nil // Never: Start has started it.
}
