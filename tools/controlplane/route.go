package controlplane

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1apply "k8s.io/client-go/applyconfigurations/core/v1"
	discoveryv1apply "k8s.io/client-go/applyconfigurations/discovery/v1"
	"k8s.io/client-go/kubernetes"

	"example.com/annex/tools/controlplane/netns"
)

const (
	// routePortName is the same in a Service and its EndpointSlice: by it
	// kube-apiserver finds the one's port in the other.
	routePortName = "https"

	// routePort is the Service's port where the Service has one of its own, and
	// an APIService's default.
	routePort = 443

	fieldManager = "annex-controlplane"
)

// BindAddress is the address that a server must listen on for Route to lead to
// it. Reserve its port with port.Reserve.
func (c *ControlPlane) BindAddress() string {
	if c.options.AggregatorRouting {
		return netns.Address
	}
	return "127.0.0.1"
}

// Route makes the Service by which kube-apiserver reaches a server that listens
// as a process of this machine, on BindAddress and the given port. It returns
// the port that the APIService's spec.service.port must have.
//
// Without aggregator routing that is a Service of type ExternalName that names
// localhost: kube-apiserver dials the name, and spec.service.port. With it, it
// is a Service without selector, and an EndpointSlice with the address; then
// ExternalName is refused.
//
// The namespace must exist. Route may be called again, with another port.
func (c *ControlPlane) Route(ctx context.Context, namespace, service string, port int) (int32, error) {
	client, err := kubernetes.NewForConfig(c.RESTConfig())
	if err != nil {
		return 0, fmt.Errorf("routing to Service %s/%s: %w", namespace, service, err)
	}
	if c.options.AggregatorRouting {
		err = routeToEndpoint(ctx, client, namespace, service, int32(port), c.BindAddress())
	} else {
		err = routeToName(ctx, client, namespace, service, int32(port))
	}
	if err != nil {
		return 0, fmt.Errorf("routing Service %s/%s to port %d: %w", namespace, service, port, err)
	}
	if c.options.AggregatorRouting {
		return routePort, nil
	}
	return int32(port), nil
}

var applyOptions = metav1.ApplyOptions{FieldManager: fieldManager, Force: true}

func routeToName(ctx context.Context, client kubernetes.Interface, namespace, service string, port int32) error {
	_, err := client.CoreV1().Services(namespace).Apply(ctx, corev1apply.Service(service, namespace).
		WithSpec(corev1apply.ServiceSpec().
			WithType(corev1.ServiceTypeExternalName).
			WithExternalName("localhost").
			WithPorts(corev1apply.ServicePort().WithName(routePortName).WithPort(port))), applyOptions)
	return err
}

func routeToEndpoint(ctx context.Context, client kubernetes.Interface, namespace, service string, port int32, address string) error {
	if _, err := client.CoreV1().Services(namespace).Apply(ctx, corev1apply.Service(service, namespace).
		WithSpec(corev1apply.ServiceSpec().
			WithType(corev1.ServiceTypeClusterIP).
			WithPorts(corev1apply.ServicePort().WithName(routePortName).WithPort(routePort))), applyOptions); err != nil {
		return err
	}
	_, err := client.DiscoveryV1().EndpointSlices(namespace).Apply(ctx, discoveryv1apply.EndpointSlice(service, namespace).
		WithLabels(map[string]string{discoveryv1.LabelServiceName: service, discoveryv1.LabelManagedBy: fieldManager}).
		WithAddressType(discoveryv1.AddressTypeIPv4).
		WithEndpoints(discoveryv1apply.Endpoint().
			WithAddresses(address).
			WithConditions(discoveryv1apply.EndpointConditions().WithReady(true))).
		WithPorts(discoveryv1apply.EndpointPort().
			WithName(routePortName).WithProtocol(corev1.ProtocolTCP).WithPort(port)), applyOptions)
	return err
}
