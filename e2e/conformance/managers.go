package conformance

import (
	"encoding/json"
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// expectAppliers checks that an object is managed by server-side apply alone, and by whom.
func expectAppliers(t *testing.T, object *unstructured.Unstructured, want ...string) {
	t.Helper()
	var got []string
	for _, entry := range object.GetManagedFields() {
		if entry.Operation != metav1.ManagedFieldsOperationApply {
			t.Errorf("%s is managed by %s with %s, want only Apply", object.GetName(), entry.Manager, entry.Operation)
		}
		got = append(got, entry.Manager)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("managers of %s: got %v, want %v", object.GetName(), got, want)
	}
}

// manages says whether a manager has the field of the path, through the subresource, or through none if that is empty.
func manages(t *testing.T, object *unstructured.Unstructured, manager, subresource string, path []string) bool {
	t.Helper()
	for _, entry := range object.GetManagedFields() {
		if entry.Manager != manager || entry.Subresource != subresource {
			continue
		}
		var owned map[string]any
		if err := json.Unmarshal(entry.FieldsV1.GetRawBytes(), &owned); err != nil {
			t.Fatalf("decoding what %s manages of %s: %v", manager, object.GetName(), err)
		}
		var keys []string
		for _, name := range path {
			keys = append(keys, "f:"+name)
		}
		if _, found, err := unstructured.NestedFieldNoCopy(owned, keys...); found && err == nil {
			return true
		}
	}
	return false
}

// expectManages checks that a manager has the field of the path.
func expectManages(t *testing.T, object *unstructured.Unstructured, manager, subresource string, path []string) {
	t.Helper()
	if !manages(t, object, manager, subresource, path) {
		t.Errorf("%s does not manage %v of %s through subresource %q: %v", manager, path, object.GetName(), subresource, object.GetManagedFields())
	}
}
