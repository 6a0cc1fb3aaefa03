package deployment

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/certs/rotation"
)

// DefaultNamespace is where servers are installed.
const DefaultNamespace = "annex-system"

// The labels of every object (https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/). The first
// says which server it belongs to, or that all share it.
const (
	NameLabel      = "app.kubernetes.io/name"
	PartOfLabel    = "app.kubernetes.io/part-of"
	ManagedByLabel = "app.kubernetes.io/managed-by"
)

// project is the value of the latter two labels, and of the first on what all servers share.
const project = "annex"

// Installation is one server in one cluster.
type Installation struct {
	// Definition is what the server serves. Its Name is the name of the Deployment and the ServiceAccount.
	Definition apiserver.Definition
	// Service is the name of the Service that leads to the server, as its flag --service-name says. The empty string means the
	// Definition's Name.
	Service string
	// Namespace is where the server lives. The empty string means DefaultNamespace.
	Namespace string
}

func (i Installation) name() string { return i.Definition.Name }

func (i Installation) service() string {
	if i.Service == "" {
		return i.name()
	}
	return i.Service
}

func (i Installation) namespace() string {
	if i.Namespace == "" {
		return DefaultNamespace
	}
	return i.Namespace
}

// ServiceName is the DNS name by which kube-apiserver verifies the server's certificate: <service>.<namespace>.svc.
func (i Installation) ServiceName() string { return i.service() + "." + i.namespace() + ".svc" }

// selector are the labels that the server's Pods have, and nobody else's.
func (i Installation) selector() map[string]string {
	return map[string]string{NameLabel: i.name(), PartOfLabel: project}
}

func labels(name string) map[string]string {
	return map[string]string{NameLabel: name, PartOfLabel: project, ManagedByLabel: project}
}

func (i Installation) labels() map[string]string { return labels(i.name()) }

func (i Installation) meta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, Labels: i.labels()}
}

func (i Installation) namespaced(name string) metav1.ObjectMeta {
	meta := i.meta(name)
	meta.Namespace = i.namespace()
	return meta
}

func core(kind string) metav1.TypeMeta { return metav1.TypeMeta{APIVersion: "v1", Kind: kind} }

// Certificates is the Secret in which the server's replicas share the certificates that they make (--certificates=self). It is
// empty, and the server fills it: applying it again changes nothing. With certificates from elsewhere nobody needs it.
func (i Installation) Certificates() []runtime.Object {
	return []runtime.Object{rotation.EmptySecret(i.namespaced(apiserver.CertificatesSecret(i.service())))}
}

// Identity is the namespace, and the ServiceAccount that the server runs as. The namespace is that of all servers, and takes only
// Pods of the strictest standard (https://kubernetes.io/docs/concepts/security/pod-security-standards/).
func (i Installation) Identity() []runtime.Object {
	namespace := metav1.ObjectMeta{Name: i.namespace(), Labels: labels(project)}
	for _, mode := range []string{"enforce", "audit", "warn"} {
		namespace.Labels["pod-security.kubernetes.io/"+mode] = "restricted"
	}
	return []runtime.Object{
		&corev1.Namespace{TypeMeta: core("Namespace"), ObjectMeta: namespace},
		&corev1.ServiceAccount{TypeMeta: core("ServiceAccount"), ObjectMeta: i.namespaced(i.name())},
	}
}
