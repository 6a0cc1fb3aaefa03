package framework

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	aggregator "k8s.io/kube-aggregator/pkg/client/clientset_generated/clientset"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/e2e-framework/klient/wait"
	"sigs.k8s.io/kind/pkg/cluster/nodes"

	"example.com/annex/shared/certs"
	"example.com/annex/shared/deployment"
)

// serverPod is a server that runs as a Pod, on the one node of a cluster that
// was made for the run.
type serverPod struct {
	installed
	cluster *kindCluster
	// name and ca are those of the serving certificate, which the server has made.
	name string
	ca   []byte

	client  kubernetes.Interface
	node    nodes.Node
	address string // Of the node, with the Service's port there.
	// The cluster's own.
	frontProxyCA, clientCA *certs.Authority
}

var (
	_ Killable   = serverPod{}
	_ Exposed    = serverPod{}
	_ Disposable = serverPod{}
)

func (s serverPod) Disposable() {}

func (s serverPod) FrontProxyCA() *certs.Authority { return s.frontProxyCA }
func (s serverPod) ClientCA() *certs.Authority     { return s.clientCA }

func (s serverPod) Direct() *rest.Config {
	return &rest.Config{
		Host:            "https://" + s.address,
		TLSClientConfig: rest.TLSClientConfig{ServerName: s.name, CAData: s.ca},
		QPS:             -1,
	}
}

// exposed finds out how the server is reached past kube-apiserver, and the keys
// of the cluster's authorities.
func (k *kindCluster) exposed(ctx context.Context, s serverPod) (serverPod, error) {
	var err error
	if s.client, err = kubernetes.NewForConfig(k.KubernetesRestConfig()); err != nil {
		return s, fmt.Errorf("making a client: %w", err)
	}
	services, err := aggregator.NewForConfig(k.KubernetesRestConfig())
	if err != nil {
		return s, fmt.Errorf("making a client for APIServices: %w", err)
	}
	gv := s.server.Definition.GroupVersions()[0]
	registered, err := services.ApiregistrationV1().APIServices().Get(ctx, gv.Version+"."+gv.Group, metav1.GetOptions{})
	if err != nil {
		return s, fmt.Errorf("asking for the authority of server %s: %w", s.server.Name(), err)
	}
	s.ca = registered.Spec.CABundle
	list, err := k.Nodes()
	if err != nil {
		return s, fmt.Errorf("listing nodes: %w", err)
	}
	if len(list) != 1 {
		return s, fmt.Errorf("the cluster has the nodes %v, want one", list)
	}
	s.node = list[0]
	address, _, err := s.node.IP()
	if err != nil {
		return s, fmt.Errorf("asking for the address of node %s: %w", s.node, err)
	}
	service, err := s.client.CoreV1().Services(deployment.DefaultNamespace).Get(ctx, s.server.Name(), metav1.GetOptions{})
	if err != nil {
		return s, fmt.Errorf("asking for the port of server %s: %w", s.server.Name(), err)
	}
	s.address = net.JoinHostPort(address, fmt.Sprint(service.Spec.Ports[0].NodePort))
	if s.frontProxyCA, err = s.authority(ctx, "front-proxy-ca"); err != nil {
		return s, err
	}
	s.clientCA, err = s.authority(ctx, "ca")
	return s, err
}

// authority reads one that kubeadm has made.
func (s serverPod) authority(ctx context.Context, name string) (*certs.Authority, error) {
	var files [2][]byte
	for i, suffix := range []string{".crt", ".key"} {
		output, err := s.run(ctx, "cat", "/etc/kubernetes/pki/"+name+suffix)
		if err != nil {
			return nil, err
		}
		files[i] = []byte(output)
	}
	return certs.ParseAuthority(files[0], files[1], certs.Options{})
}

// run runs a command on the node.
func (s serverPod) run(ctx context.Context, command string, args ...string) (string, error) {
	var output, complaints strings.Builder
	if err := s.node.CommandContext(ctx, command, args...).SetStdout(&output).SetStderr(&complaints).Run(); err != nil {
		return "", fmt.Errorf("running %s %s on node %s: %w: %s", command, strings.Join(args, " "), s.node, err, complaints.String())
	}
	return output.String(), nil
}

// Kill kills the process on the node, and takes the Deployment's replica away
// before another process is ready: the Pod has a second to end.
func (s serverPod) Kill(ctx context.Context) error {
	if _, err := s.run(ctx, "pkill", "--signal", "KILL", "--full", "^/"+s.server.Name()+" "); err != nil {
		return fmt.Errorf("killing server %s: %w", s.server.Name(), err)
	}
	if err := s.scale(ctx, 0); err != nil {
		return fmt.Errorf("killing server %s: %w", s.server.Name(), err)
	}
	pods, all := s.client.CoreV1().Pods(deployment.DefaultNamespace), metav1.ListOptions{LabelSelector: deployment.NameLabel + "=" + s.server.Name()}
	if err := pods.DeleteCollection(ctx, metav1.DeleteOptions{GracePeriodSeconds: ptr.To[int64](1)}, all); err != nil {
		return fmt.Errorf("killing server %s: %w", s.server.Name(), err)
	}
	return s.await(ctx, "to be gone", func(ctx context.Context) error {
		pods, err := pods.List(ctx, all)
		if err != nil {
			return err
		}
		if len(pods.Items) > 0 {
			return fmt.Errorf("there is pod %s", pods.Items[0].Name)
		}
		return nil
	})
}

// Restart brings the replica back.
func (s serverPod) Restart(ctx context.Context) error {
	if err := s.scale(ctx, 1); err != nil {
		return fmt.Errorf("restarting server %s: %w", s.server.Name(), err)
	}
	return s.await(ctx, "to be ready", func(ctx context.Context) error {
		d, err := s.client.AppsV1().Deployments(deployment.DefaultNamespace).Get(ctx, s.server.Name(), metav1.GetOptions{})
		if err != nil {
			return err
		}
		if d.Status.ObservedGeneration < d.Generation || d.Status.ReadyReplicas != 1 {
			return errors.New("its replica is not ready")
		}
		return nil
	})
}

func (s serverPod) scale(ctx context.Context, replicas int) error {
	_, err := s.client.AppsV1().Deployments(deployment.DefaultNamespace).Patch(ctx, s.server.Name(), types.MergePatchType,
		fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, replicas), metav1.PatchOptions{})
	return err
}

// await waits until a condition of the server holds.
func (s serverPod) await(ctx context.Context, what string, holds func(context.Context) error) error {
	last := errors.New("not asked yet")
	err := wait.For(func(ctx context.Context) (bool, error) {
		last = holds(ctx)
		return last == nil, nil
	}, wait.WithContext(ctx), wait.WithTimeout(time.Minute), wait.WithInterval(200*time.Millisecond), wait.WithImmediate())
	if err != nil {
		return fmt.Errorf("waiting for server %s %s: %w: %w", s.server.Name(), what, err, last)
	}
	return nil
}
