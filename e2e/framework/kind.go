package framework

import (
	"context"
	"errors"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/e2e-framework/support"

	provider "example.com/annex/e2e/framework/kind"
	"example.com/annex/e2e/framework/kind/etcd"
	"example.com/annex/shared/deployment"
	"example.com/annex/tools/controlplane"
	"example.com/annex/tools/controlplane/workdir"
)

// kindCluster is a cluster with a node, made for the run. The servers run as
// Pods.
type kindCluster struct {
	*provider.Provider
	// dir has programs.
	dir *workdir.Directory
	// stored tells whether there is an etcd for the servers.
	stored bool
}

var _ Cluster = (*kindCluster)(nil)

// Kind is a cluster of sigs.k8s.io/kind that Create makes with the options.
func Kind(options provider.Options) Cluster {
	return &kindCluster{Provider: provider.New(options)}
}

// SetDefaults and WithName return this cluster, not the provider within.
func (k *kindCluster) SetDefaults() support.E2EClusterProvider { return k }

func (k *kindCluster) WithName(name string) support.E2EClusterProvider {
	k.Provider.WithName(name)
	return k
}

// Install finds or builds the server's program, makes an image of it that the
// node knows, and applies what deploy/ has in its base.
func (k *kindCluster) Install(ctx context.Context, server Server) (Installation, error) {
	if k.dir == nil {
		dir, err := workdir.New("", "annex-e2e-programs")
		if err != nil {
			return nil, err
		}
		k.dir = dir
	}
	installation := deployment.Installation{Definition: server.Definition}
	if err := k.loadImage(ctx, server, installation.Image()); err != nil {
		return nil, err
	}
	objects := installation.Objects()
	args := server.Args
	if server.Definition.Stored() {
		storage, err := k.etcd(ctx)
		if err != nil {
			return nil, err
		}
		args = append([]string{"--etcd-servers=" + storage.URL()}, args...)
		if !k.stored {
			own, err := storage.Objects()
			if err != nil {
				return nil, err
			}
			// After the namespace.
			objects = slices.Concat(installation.Identity(), own, objects)
			k.stored = true
		}
	}
	for _, object := range objects {
		switch object := object.(type) {
		case *appsv1.Deployment:
			if object.Name == server.Name() {
				container := &object.Spec.Template.Spec.Containers[0]
				container.Args = append(container.Args, args...)
			}
		case *corev1.Service:
			// Its ClusterIP is for kube-apiserver, and its port of the node for tests.
			object.Spec.Type = corev1.ServiceTypeNodePort
		}
	}
	if err := controlplane.Apply(ctx, k.KubernetesRestConfig(), objects...); err != nil {
		return nil, err
	}
	if err := waitAvailable(ctx, k.KubernetesRestConfig(), server); err != nil {
		return nil, err
	}
	return k.exposed(ctx, serverPod{installed: installed{server}, cluster: k, name: installation.ServiceName()})
}

// loadImage makes an image of nothing but the server's program, under the name
// that the Deployment asks for.
func (k *kindCluster) loadImage(ctx context.Context, server Server, as string) error {
	// There is no C library in the image.
	program, err := server.Program(ctx, k.dir.Join("programs"), "CGO_ENABLED=0")
	if err != nil {
		return err
	}
	return k.LoadProgram(program, server.Name(), as)
}

// etcd is the servers' etcd. The cluster's network is the run's alone.
func (k *kindCluster) etcd(ctx context.Context) (etcd.Etcd, error) {
	client, err := kubernetes.NewForConfig(k.KubernetesRestConfig())
	if err != nil {
		return etcd.Etcd{}, fmt.Errorf("making a client: %w", err)
	}
	image, err := etcd.Image(ctx, client)
	return etcd.Etcd{Image: image}, err
}

// ExportLogs writes what the servers' Pods logged, and what kind collects.
func (k *kindCluster) ExportLogs(ctx context.Context, dest string) error {
	var err error
	if config := k.KubernetesRestConfig(); config != nil {
		err = exportPods(ctx, config, dest)
	}
	return errors.Join(err, k.Provider.ExportLogs(ctx, dest))
}

// Destroy removes the cluster, with the servers in it.
func (k *kindCluster) Destroy(ctx context.Context) error {
	err := k.Provider.Destroy(ctx)
	if k.dir != nil {
		err = errors.Join(err, k.dir.Remove())
	}
	return err
}
