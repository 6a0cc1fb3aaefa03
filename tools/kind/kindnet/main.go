// Kindnet connects the Pods of a kind cluster: it writes the CNI configuration of the node that it runs on, and keeps
// routes to the Pods of the others. It stands in for kind's own kindnetd, which comes as an image only, and takes the
// same environment: HOST_IP, and CONTROL_PLANE_ENDPOINT where kind sets it. Network policies it does not enforce.
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/vishvananda/netlink"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "kindnet:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	config, err := rest.InClusterConfig()
	if err != nil {
		return fmt.Errorf("finding kube-apiserver: %w", err)
	}
	// The Service's address takes kube-proxy, which may start later.
	if endpoint := os.Getenv("CONTROL_PLANE_ENDPOINT"); endpoint != "" {
		config.Host = "https://" + endpoint
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	host := net.ParseIP(os.Getenv("HOST_IP"))
	if host == nil {
		return fmt.Errorf("HOST_IP=%q is no address", os.Getenv("HOST_IP"))
	}
	update := func(object any) {
		node, ok := object.(*corev1.Node)
		if !ok {
			return
		}
		if err := apply(node, host); err != nil {
			// The next change of the node, its heartbeat at the latest, tries again.
			klog.ErrorS(err, "Connecting a node", "node", node.Name)
		}
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	_, err = factory.Core().V1().Nodes().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    update,
		UpdateFunc: func(_, object any) { update(object) },
	})
	if err != nil {
		return fmt.Errorf("watching nodes: %w", err)
	}
	factory.Start(ctx.Done())
	<-ctx.Done()
	factory.Shutdown()
	return nil
}

// apply does for one node what is missing: on this node the CNI configuration, on others a route.
func apply(node *corev1.Node, host net.IP) error {
	address := addressOf(node)
	if node.Spec.PodCIDR == "" || address == nil {
		return nil // Not yet.
	}
	if address.Equal(host) {
		return writeConfiguration(directory, node.Spec.PodCIDR)
	}
	_, pods, err := net.ParseCIDR(node.Spec.PodCIDR)
	if err != nil {
		return fmt.Errorf("reading its podCIDR: %w", err)
	}
	if err := netlink.RouteReplace(&netlink.Route{Dst: pods, Gw: address}); err != nil {
		return fmt.Errorf("setting the route to %s by %s: %w", pods, address, err)
	}
	return nil
}

func addressOf(node *corev1.Node) net.IP {
	for _, address := range node.Status.Addresses {
		if address.Type == corev1.NodeInternalIP {
			return net.ParseIP(address.Address)
		}
	}
	return nil
}
