package framework

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	aggregator "k8s.io/kube-aggregator/pkg/client/clientset_generated/clientset"
	"sigs.k8s.io/e2e-framework/klient"
	"sigs.k8s.io/e2e-framework/klient/wait"
	"sigs.k8s.io/e2e-framework/support"

	"example.com/annex/shared/deployment"
	"example.com/annex/tools/controlplane/extension"
)

// existing is the cluster that a kubeconfig names, with our servers in it
// already. It is somebody else's: nothing of it is created or destroyed.
type existing struct {
	kubeconfig, context string
	config              *rest.Config
}

var _ Cluster = (*existing)(nil)

// Existing is the cluster of a kubeconfig file, at the given context, or at the
// file's current one if that is empty.
func Existing(kubeconfig, context string) Cluster {
	return &existing{kubeconfig: kubeconfig, context: context}
}

func (e *existing) SetDefaults() support.E2EClusterProvider       { return e }
func (e *existing) WithName(string) support.E2EClusterProvider    { return e }
func (e *existing) WithVersion(string) support.E2EClusterProvider { return e }
func (e *existing) WithPath(string) support.E2EClusterProvider    { return e }
func (e *existing) GetKubeconfig() string                         { return e.kubeconfig }
func (e *existing) GenerateKubeconfig(...string) (string, error)  { return e.kubeconfig, nil }
func (e *existing) GetKubectlContext() string                     { return e.context }
func (e *existing) KubernetesRestConfig() *rest.Config            { return rest.CopyConfig(e.config) }
func (e *existing) Destroy(context.Context) error                 { return nil }
func (e *existing) WithOpts(opts ...support.ClusterOpts) support.E2EClusterProvider {
	for _, opt := range opts {
		opt(e)
	}
	return e
}

// Create reads the kubeconfig.
func (e *existing) Create(context.Context, ...string) (string, error) {
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
		&clientcmd.ClientConfigLoadingRules{ExplicitPath: e.kubeconfig},
		&clientcmd.ConfigOverrides{CurrentContext: e.context}).ClientConfig()
	if err != nil {
		return "", fmt.Errorf("reading --kubeconfig=%s: %w", e.kubeconfig, err)
	}
	e.config = config
	return e.kubeconfig, nil
}

// CreateWithConfig fails: there is nothing to configure.
func (e *existing) CreateWithConfig(context.Context, string) (string, error) {
	return "", errors.New("an existing cluster takes no configuration file")
}

// WaitForControlPlane asks the cluster once whether it is ready.
func (e *existing) WaitForControlPlane(ctx context.Context, _ klient.Client) error {
	client, err := kubernetes.NewForConfig(e.config)
	if err != nil {
		return fmt.Errorf("making a client for the cluster of --kubeconfig=%s: %w", e.kubeconfig, err)
	}
	if err := client.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error(); err != nil {
		return fmt.Errorf("asking the cluster of --kubeconfig=%s whether it is ready: %w", e.kubeconfig, err)
	}
	return nil
}

// Install waits until the server's APIServices are Available.
func (e *existing) Install(ctx context.Context, server Server) (Installation, error) {
	if err := waitAvailable(ctx, e.config, server); err != nil {
		return nil, fmt.Errorf("the cluster of --kubeconfig=%s: %w; install server %s first", e.kubeconfig, err, server.Name())
	}
	return installed{server}, nil
}

// waitAvailable waits until a server's APIServices are Available, for a minute each.
func waitAvailable(ctx context.Context, config *rest.Config, server Server) error {
	client, err := aggregator.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("making a client for APIServices: %w", err)
	}
	for _, gv := range server.Definition.GroupVersions() {
		name := gv.Version + "." + gv.Group
		last := errors.New("not asked yet")
		err := wait.For(func(ctx context.Context) (bool, error) {
			last = extension.Available(ctx, client, name)
			return last == nil, nil
		}, wait.WithContext(ctx), wait.WithTimeout(time.Minute), wait.WithInterval(200*time.Millisecond), wait.WithImmediate())
		if err != nil {
			return fmt.Errorf("waiting for APIService %s: %w", name, last)
		}
	}
	return nil
}

// installed is a server that can be used and nothing more.
type installed struct{ server Server }

func (i installed) Server() Server { return i.server }

// ExportLogs writes what the pods in the servers' namespace logged.
func (e *existing) ExportLogs(ctx context.Context, dest string) error {
	return exportPods(ctx, e.config, dest)
}

func exportPods(ctx context.Context, config *rest.Config, dest string) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("exporting logs: %w", err)
	}
	pods, err := client.CoreV1().Pods(deployment.DefaultNamespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("exporting logs: listing the pods in %s: %w", deployment.DefaultNamespace, err)
	}
	var errs []error
	for _, pod := range pods.Items {
		for _, container := range pod.Spec.Containers {
			name := filepath.Join(dest, pod.Name+"_"+container.Name+".log")
			errs = append(errs, func() error {
				stream, err := client.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, &corev1.PodLogOptions{Container: container.Name}).Stream(ctx)
				if err != nil {
					return fmt.Errorf("reading the log of %s in pod %s: %w", container.Name, pod.Name, err)
				}
				defer stream.Close()
				file, err := os.Create(name)
				if err != nil {
					return fmt.Errorf("exporting a log: %w", err)
				}
				_, err = io.Copy(file, stream)
				return errors.Join(err, file.Close())
			}())
		}
	}
	return errors.Join(errs...)
}
