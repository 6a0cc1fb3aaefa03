package registry

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/sample-apiserver/pkg/apis/wardle"
)

func TestAccess(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		resource Resource
		want     Access
	}{
		"standard": {flunders(), Access{View: []string{"get", "list", "watch"}, Edit: []string{"create", "update", "patch", "delete", "deletecollection"}}},
		"computed": {Computed[*wardle.Flunder]{}, Access{View: []string{"get", "list"}}},
		"review":   {Review[*wardle.Flunder, string]{}, Access{View: []string{"create"}}},
	} {
		if diff := cmp.Diff(tc.want, tc.resource.Access()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
