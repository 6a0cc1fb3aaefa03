package deployment

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	"k8s.io/utils/ptr"
)

// ServicePort is the port of the Service that APIServices refer to.
const ServicePort = 443

// groupPriority is higher than that of CustomResourceDefinitions (1000,
// k8s.io/kubernetes/pkg/controlplane/controller/crdregistration), so that of two resources with the same name kubectl
// chooses the aggregated one, and lower than that of every built-in group.
const groupPriority = 2000

// APIServices register all versions of all groups with kube-apiserver. caBundle holds the PEM certificates of the
// authorities that may have signed the server's certificate; it is never empty in a working cluster, and
// insecureSkipTLSVerify is never set.
func (i Installation) APIServices(caBundle []byte) []runtime.Object {
	var services []runtime.Object
	for _, g := range i.Definition.Groups {
		for n, version := range g.Versions {
			services = append(services, &apiregistrationv1.APIService{
				TypeMeta:   metav1.TypeMeta{APIVersion: apiregistrationv1.SchemeGroupVersion.String(), Kind: "APIService"},
				ObjectMeta: i.meta(version + "." + g.Name),
				Spec: apiregistrationv1.APIServiceSpec{
					Group:                g.Name,
					Version:              version,
					GroupPriorityMinimum: groupPriority,
					// The preferred version first: higher numbers win.
					VersionPriority: int32(100 - n),
					Service:         &apiregistrationv1.ServiceReference{Namespace: i.namespace(), Name: i.service(), Port: ptr.To[int32](ServicePort)},
					CABundle:        caBundle,
				},
			})
		}
	}
	return services
}
