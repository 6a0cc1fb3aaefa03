package deployment

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

// servicePortName is the name of the Service's port, and of the container's.
const servicePortName = "https"

// Services is what APIServices refer to; it leads to the server's Pods.
func (i Installation) Services() []runtime.Object {
	return []runtime.Object{&corev1.Service{
		TypeMeta:   core("Service"),
		ObjectMeta: i.namespaced(i.service()),
		Spec: corev1.ServiceSpec{
			Selector: i.selector(),
			Ports: []corev1.ServicePort{{
				Name:        servicePortName,
				Port:        ServicePort,
				TargetPort:  intstr.FromString(servicePortName),
				Protocol:    corev1.ProtocolTCP,
				AppProtocol: ptr.To(servicePortName),
			}},
		},
	}}
}
