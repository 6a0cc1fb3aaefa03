package layers

import "testing"

func TestBreach(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		importer, imported string
		want               bool
	}{
		{"example.com/annex/shared/registry", "example.com/annex/shared/version", false},
		{"example.com/annex/shared/registry", "k8s.io/apiserver/pkg/server", false},
		{"example.com/annex/shared/registry", "example.com/annex/servers/capacity/definition", true},
		{"example.com/annex/shared/registry_test", "example.com/annex/tools/controlplane", true},
		{"example.com/annex/shared/registry", "example.com/annex/e2e/framework", true},
		{"example.com/annex/servers/capacity", "example.com/annex/shared/apiserver", false},
		{"example.com/annex/servers/capacity_test", "example.com/annex/servers/capacity/definition", false},
		{"example.com/annex/servers/capacity", "example.com/annex/servers/capacity/definition", false},
		{"example.com/annex/servers/capacity/definition", "example.com/annex/servers/topology/definition", true},
		{"example.com/annex/servers/capacity/definition", "example.com/annex/servers/topology/registry/site", true},
		{"example.com/annex/servers/capacity/definition", "example.com/annex/servers/topology/apis/topology", true},
		{"example.com/annex/servers/capacity/definition", "example.com/annex/servers/topology/apis/topology/install", true},
		{"example.com/annex/servers/capacity/definition", "example.com/annex/servers/topology/apis/openapi", true},
		{"example.com/annex/servers/capacity/definition", "example.com/annex/servers/topology/apis/topology/v1", false},
		{"example.com/annex/servers/capacity/definition", "example.com/annex/servers/topology/apis/topology/v1alpha1", false},
		{"example.com/annex/servers/capacity/definition", "example.com/annex/servers/topology/registry/v1", true},
		{"example.com/annex/servers/capacity/definition", "example.com/annex/servers/client/listers/topology/v1", false},
		{"example.com/annex/servers/client/listers/topology/v1", "example.com/annex/servers/topology/apis/topology/v1", false},
		{"example.com/annex/servers/client/listers/topology/v1", "example.com/annex/servers/topology/apis/topology", true},
		{"example.com/annex/shared/registry", "example.com/annex/servers/client/listers/topology/v1", true},
		{"example.com/annex/servers/capacity", "example.com/annex/tools/controlplane", true},
		{"example.com/annex/tools/demo", "example.com/annex/servers/capacity/definition", false},
		{"example.com/annex/e2e/capacity", "example.com/annex/tools/controlplane", false},
		{"example.com/other/shared", "example.com/annex/tools/controlplane", false},
	} {
		if got := breach(tc.importer, tc.imported); (got != "") != tc.want {
			t.Errorf("%s imports %s: %q, want a complaint: %t", tc.importer, tc.imported, got, tc.want)
		}
	}
}
