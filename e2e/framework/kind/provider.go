package kind

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/e2e-framework/klient"
	"sigs.k8s.io/e2e-framework/klient/wait"
	"sigs.k8s.io/e2e-framework/support"
	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"
	"sigs.k8s.io/kind/pkg/cluster"
	"sigs.k8s.io/kind/pkg/cluster/nodes"
	"sigs.k8s.io/kind/pkg/cluster/nodeutils"

	deploy "example.com/annex/deploy/kind"
	"example.com/annex/tools/controlplane/workdir"
	"example.com/annex/tools/kind"
	"example.com/annex/tools/kind/cache"
	"example.com/annex/tools/kind/node"
)

// namePrefix is what clusters of this provider start with.
const namePrefix = "annex-e2e-"

// ControlPlaneLabel is on the control plane's node.
const ControlPlaneLabel = "node-role.kubernetes.io/control-plane"

// readyTimeout is for a node whose images are there: half a minute on two idle cores.
const readyTimeout = 5 * time.Minute

// Options say which cluster it is.
type Options struct {
	// Site is where it runs.
	Site *kind.Site
	// AggregatorRouting gives kube-apiserver --enable-aggregator-routing.
	AggregatorRouting bool
	// KubeAPIServerArgs are added to kube-apiserver's flags.
	KubeAPIServerArgs []string
	// Workers is how many nodes there are besides the control plane's. With any, Pods still run on all nodes.
	Workers int
	// Log gets what kind says.
	Log io.Writer
}

// Provider is a cluster of kind's that is made for a run. Its name is the run's alone; what a killed run has left in an
// engine that outlives it, the next Create removes.
type Provider struct {
	options Options
	name    string
	kind    *cluster.Provider
	dir     *workdir.Directory // Locked, named as the cluster, with its kubeconfig in it.
	config  *rest.Config
	created chan struct{} // Closed when kind has done with creating, or has given up.
}

var _ support.E2EClusterProvider = (*Provider)(nil)

// New returns a cluster that Create makes.
func New(options Options) *Provider {
	return &Provider{
		options: options,
		name:    "cluster",
		kind:    cluster.NewProvider(options.Site.Provider, cluster.ProviderWithLogger(kind.Logger(options.Log))),
	}
}

func (p *Provider) SetDefaults() support.E2EClusterProvider { return p }

// WithName sets a part of the cluster's name.
func (p *Provider) WithName(name string) support.E2EClusterProvider {
	p.name = name
	return p
}

// WithVersion does nothing: the site has the image, and that the version.
func (p *Provider) WithVersion(string) support.E2EClusterProvider { return p }

// WithPath does nothing: kind is a library here.
func (p *Provider) WithPath(string) support.E2EClusterProvider { return p }

func (p *Provider) WithOpts(opts ...support.ClusterOpts) support.E2EClusterProvider {
	for _, opt := range opts {
		opt(p)
	}
	return p
}

// Create makes the cluster of deploy/kind, and returns when its node is ready. The arguments are added to
// kube-apiserver's.
func (p *Provider) Create(ctx context.Context, args ...string) (string, error) {
	return p.create(ctx, deploy.Config(p.options.AggregatorRouting), args)
}

// CreateWithConfig makes the cluster that a file configures.
func (p *Provider) CreateWithConfig(ctx context.Context, file string) (string, error) {
	config, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("reading the configuration of a kind cluster: %w", err)
	}
	return p.create(ctx, config, nil)
}

func (p *Provider) create(ctx context.Context, config []byte, args []string) (string, error) {
	adapted, err := adapt(config, p.options.Site, slices.Concat(p.options.KubeAPIServerArgs, args))
	if err != nil {
		return "", err
	}
	for range p.options.Workers {
		worker := v1alpha4.Node{Role: v1alpha4.WorkerRole}
		v1alpha4.SetDefaultsNode(&worker)
		adapted.Nodes = append(adapted.Nodes, worker)
	}
	dir, err := cache.Dir()
	if err != nil {
		return "", err
	}
	parent := filepath.Join(dir, "clusters")
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return "", fmt.Errorf("making a directory for kubeconfigs: %w", err)
	}
	if p.dir, err = workdir.New(parent, namePrefix+p.name); err != nil {
		return "", err
	}
	p.name = filepath.Base(p.dir.Path())
	if err := p.removeStale(parent); err != nil {
		return "", err
	}
	p.created = make(chan struct{})
	done := make(chan error, 1)
	go func() {
		defer close(p.created)
		done <- p.kind.Create(p.name,
			cluster.CreateWithV1Alpha4Config(adapted),
			cluster.CreateWithNodeImage(p.options.Site.Image),
			cluster.CreateWithKubeconfigPath(p.kubeconfig()),
			cluster.CreateWithWaitForReady(readyTimeout),
			// A node that has failed is still asked for its logs. Destroy removes it.
			cluster.CreateWithRetain(true),
		)
	}()
	select {
	case err := <-done:
		if err != nil {
			return "", fmt.Errorf("creating the kind cluster %s: %w", p.name, node.Explain(err))
		}
	case <-ctx.Done(): // kind knows of no contexts: Destroy waits for it.
		return "", fmt.Errorf("creating the kind cluster %s: %w", p.name, context.Cause(ctx))
	}
	if p.config, err = clientcmd.BuildConfigFromFlags("", p.kubeconfig()); err != nil {
		return "", fmt.Errorf("reading the kubeconfig of the kind cluster %s: %w", p.name, err)
	}
	if p.options.Workers > 0 {
		if err := p.untaint(ctx); err != nil {
			return "", err
		}
	}
	return p.kubeconfig(), nil
}

// untaint lets the control plane's node run Pods, as kind does where there is no other.
func (p *Provider) untaint(ctx context.Context) error {
	client, err := kubernetes.NewForConfig(p.config)
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	list, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{LabelSelector: ControlPlaneLabel})
	if err != nil {
		return fmt.Errorf("listing the nodes of the kind cluster %s: %w", p.name, err)
	}
	for _, n := range list.Items {
		// A merge patch: kind has waited for the node, and nothing else taints it.
		if _, err := client.CoreV1().Nodes().Patch(ctx, n.Name, types.MergePatchType, []byte(`{"spec":{"taints":null}}`), metav1.PatchOptions{}); err != nil {
			return fmt.Errorf("letting node %s run Pods: %w", n.Name, err)
		}
	}
	return nil
}

// removeStale removes clusters whose run is dead.
func (p *Provider) removeStale(parent string) error {
	workdir.Sweep(parent, namePrefix[:len(namePrefix)-1])
	clusters, err := p.kind.List()
	if err != nil {
		return fmt.Errorf("listing kind's clusters: %w", err)
	}
	for _, name := range clusters {
		if !strings.HasPrefix(name, namePrefix) {
			continue
		}
		if _, err := os.Stat(filepath.Join(parent, name)); !errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err := p.kind.Delete(name, filepath.Join(p.dir.Path(), "stale")); err != nil {
			return fmt.Errorf("removing the kind cluster %s, which a killed run has left: %w", name, err)
		}
	}
	return nil
}

func (p *Provider) kubeconfig() string { return p.dir.Join("kubeconfig") }

func (p *Provider) GetKubeconfig() string {
	if p.config == nil {
		return ""
	}
	return p.kubeconfig()
}

func (p *Provider) GenerateKubeconfig(...string) (string, error) {
	if p.config == nil {
		return "", errors.New("the kind cluster is not running")
	}
	return p.kubeconfig(), nil
}

func (p *Provider) GetKubectlContext() string { return "kind-" + p.name }

func (p *Provider) KubernetesRestConfig() *rest.Config {
	if p.config == nil {
		return nil
	}
	return rest.CopyConfig(p.config)
}

// Nodes are those of the cluster.
func (p *Provider) Nodes() ([]nodes.Node, error) { return p.kind.ListInternalNodes(p.name) }

// WaitForControlPlane waits until all of kube-system's Pods are ready, DNS among them.
func (p *Provider) WaitForControlPlane(ctx context.Context, _ klient.Client) error {
	client, err := kubernetes.NewForConfig(p.config)
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	last := errors.New("not asked yet")
	err = wait.For(func(ctx context.Context) (bool, error) {
		last = systemReady(ctx, client)
		return last == nil, nil
	}, wait.WithContext(ctx), wait.WithTimeout(readyTimeout), wait.WithInterval(200*time.Millisecond), wait.WithImmediate())
	if err != nil {
		return fmt.Errorf("waiting for the kind cluster %s: %w: %w", p.name, err, last)
	}
	return nil
}

func systemReady(ctx context.Context, client kubernetes.Interface) error {
	pods, err := client.CoreV1().Pods(metav1.NamespaceSystem).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	if len(pods.Items) == 0 {
		return errors.New("kube-system has no Pods")
	}
	for _, pod := range pods.Items {
		ready := false
		for _, condition := range pod.Status.Conditions {
			ready = ready || condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue
		}
		if !ready {
			return fmt.Errorf("pod %s is not ready: %s", pod.Name, pod.Status.Phase)
		}
	}
	return nil
}

// LoadImages makes images of an archive, as docker save writes it, known to every node.
func (p *Provider) LoadImages(open func() (io.ReadCloser, error)) error {
	list, err := p.Nodes()
	if err != nil {
		return fmt.Errorf("listing the nodes of the kind cluster %s: %w", p.name, err)
	}
	for _, n := range list {
		archive, err := open()
		if err != nil {
			return fmt.Errorf("opening an archive of images: %w", err)
		}
		if err := errors.Join(nodeutils.LoadImageArchive(n, archive), archive.Close()); err != nil {
			return fmt.Errorf("loading images into node %s: %w", n, err)
		}
	}
	return nil
}

// ExportLogs writes what kind collects: of the engine, the node's services, and all containers.
func (p *Provider) ExportLogs(_ context.Context, dest string) error {
	if p.created == nil {
		return nil
	}
	if err := p.kind.CollectLogs(p.name, filepath.Join(dest, p.name)); err != nil {
		return fmt.Errorf("exporting the logs of the kind cluster %s: %w", p.name, err)
	}
	return nil
}

// Destroy removes the cluster. It may be called whatever became of Create.
func (p *Provider) Destroy(ctx context.Context) error {
	if p.dir == nil {
		return nil
	}
	if p.created != nil {
		select {
		case <-p.created:
		case <-ctx.Done():
			return fmt.Errorf("removing the kind cluster %s: kind is still creating it: %w", p.name, context.Cause(ctx))
		}
		if err := p.kind.Delete(p.name, p.kubeconfig()); err != nil {
			return fmt.Errorf("removing the kind cluster %s: %w", p.name, err)
		}
	}
	return p.dir.Remove()
}
