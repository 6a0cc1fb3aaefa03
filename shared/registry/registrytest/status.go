package registrytest

import (
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/apiserver/pkg/registry/rest/resttest"
)

// cleared is a storage of a subresource whose objects can be deleted, as upstream's tester does between its tests.
type cleared struct {
	rest.Patcher
	rest.GracefulDeleter
}

// Destroy does nothing: the trial destroys the storage.
func (cleared) Destroy() {}

// status updates the status, and nothing but the status.
func (tr trial[T]) status() {
	storage := tr.storage["status"].(rest.Patcher)
	test := resttest.New(tr.T, cleared{storage, tr.store})
	test.SetRequestInfo(tr.requestInfo("status"))
	if !tr.namespaced() {
		test = test.ClusterScope()
	}
	var invalid []resttest.UpdateFunc
	for _, change := range tr.InvalidStatuses {
		invalid = append(invalid, applying(change))
	}
	test.TestUpdate(tr.valid("valid"), tr.put, tr.read, applying(tr.ChangeStatus), invalid...)
}
