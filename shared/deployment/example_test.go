package deployment_test

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"

	"example.com/annex/shared/deployment"
)

// Everything that a server needs in a cluster besides its Deployment and Service, in the order to apply it.
func Example() {
	installation := deployment.Installation{Definition: fleet()}
	caBundle := []byte("the CA's certificate in PEM, from certs.Authority")
	for _, object := range slices.Concat(
		installation.Identity(),
		installation.Certificates(),
		installation.ServerAccess(),
		installation.APIServices(caBundle),
		installation.UserAccess(),
	) {
		accessor, err := meta.Accessor(object)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(object.GetObjectKind().GroupVersionKind().Kind, accessor.GetName())
	}
	// Output:
	// Namespace annex-system
	// ServiceAccount fleet
	// Secret fleet-certificates
	// ClusterRole annex:fleet
	// ClusterRoleBinding annex:fleet
	// Role annex:fleet
	// RoleBinding annex:fleet
	// ClusterRoleBinding annex:fleet:auth-delegator
	// RoleBinding annex:fleet:auth-reader
	// APIService v1.fleet.example.com
	// APIService v1beta1.fleet.example.com
	// APIService v1.crew.example.com
	// ClusterRole annex:fleet:view
	// ClusterRole annex:fleet:edit
}
