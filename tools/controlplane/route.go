package controlplane

import (
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"

	"example.com/annex/tools/controlplane/netns"
)

const (
	// routePortName is the same in a Service and its EndpointSlice: by it
	// kube-apiserver finds the one's port in the other.
	routePortName = "https"

	// routePort is the Service's port where the Service has one of its own, and
	// an APIService's default.
	routePort = 443
)

// BindAddress is the address that a server must listen on for RouteObjects to
// lead to it. Reserve its port with port.Reserve.
func (c *ControlPlane) BindAddress() string {
	if c.options.AggregatorRouting {
		return netns.Address
	}
	return "127.0.0.1"
}

// RouteObjects are the Service by which kube-apiserver reaches a server that
// listens as a process of this machine, on BindAddress and the given port, and
// what belongs to it; and the port that the APIService's spec.service.port must
// have with them. The namespace is not among them.
//
// Without aggregator routing that is a Service of type ExternalName that names
// localhost: kube-apiserver dials the name, and spec.service.port. With it, it
// is a Service without selector, and an EndpointSlice with the address; then
// ExternalName is refused.
func (c *ControlPlane) RouteObjects(namespace, service string, port int) ([]runtime.Object, int32) {
	meta := metav1.ObjectMeta{Namespace: namespace, Name: service}
	object := &corev1.Service{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: meta,
	}
	if !c.options.AggregatorRouting {
		object.Spec.Type = corev1.ServiceTypeExternalName
		object.Spec.ExternalName = "localhost"
		object.Spec.Ports = []corev1.ServicePort{{Name: routePortName, Port: int32(port)}}
		return []runtime.Object{object}, int32(port)
	}
	object.Spec.Ports = []corev1.ServicePort{{Name: routePortName, Port: routePort}}
	meta.Labels = map[string]string{discoveryv1.LabelServiceName: service, discoveryv1.LabelManagedBy: fieldManager}
	slice := &discoveryv1.EndpointSlice{
		TypeMeta:    metav1.TypeMeta{APIVersion: discoveryv1.SchemeGroupVersion.String(), Kind: "EndpointSlice"},
		ObjectMeta:  meta,
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints: []discoveryv1.Endpoint{{
			Addresses:  []string{c.BindAddress()},
			Conditions: discoveryv1.EndpointConditions{Ready: ptr.To(true)},
		}},
		Ports: []discoveryv1.EndpointPort{{
			Name: ptr.To(routePortName), Protocol: ptr.To(corev1.ProtocolTCP), Port: ptr.To(int32(port)),
		}},
	}
	return []runtime.Object{object, slice}, routePort
}
