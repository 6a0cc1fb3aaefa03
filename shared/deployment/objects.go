package deployment

import (
	"slices"

	"k8s.io/apimachinery/pkg/runtime"
)

// Objects are all of them, in the order in which to apply them. The server sets spec.caBundle of its APIServices itself: until
// it has, kube-apiserver believes nobody.
func (i Installation) Objects() []runtime.Object {
	return slices.Concat(i.Identity(), i.ServerAccess(), i.UserAccess(), i.Certificates(), i.Services(), i.Workload(), i.APIServices(nil))
}
