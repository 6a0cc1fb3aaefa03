// Package registrytest holds the storage of a resource to what upstream's testers expect of every built-in one
// (k8s.io/apiserver/pkg/registry/generic/testing and rest/resttest): the resource itself, its status, and its scale.
//
//	func TestStorage(t *testing.T) {
//		t.Parallel()
//		registrytest.Storage(t, registrytest.Etcd(t), registrytest.Subject[*capacity.Reservation]{
//			Definition: definition.New(),
//			Resource:   schema.GroupResource{Group: capacity.GroupName, Resource: "reservations"},
//			Valid:      sample,
//			Change:     func(r *capacity.Reservation) { r.Spec.Slots++ },
//			...
//		})
//	}
//
// Where objects are kept is a parameter: [Etcd] runs an etcd in the test's own process; any other [Backend] has to pass the
// same tests.
package registrytest
