package apiservertest_test

import (
	"testing"

	"k8s.io/client-go/discovery"

	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/apiservertest"
)

// A test of a server, with an option that is not the default. The control plane is the test program's: see e2e/embedded.
func ExampleStart() {
	test := func(t *testing.T, definition apiserver.Definition, cluster apiservertest.Cluster) {
		server := apiservertest.Start(t, definition, cluster, func(o *apiserver.Options) {
			o.Etcd.EnableWatchCache = false
		})
		client, err := discovery.NewDiscoveryClientForConfig(server.Config)
		if err != nil {
			t.Fatal(err)
		}
		for _, gv := range definition.GroupVersions() {
			if _, err := client.ServerResourcesForGroupVersion(gv.String()); err != nil {
				t.Errorf("discovery of %s: %v", gv, err)
			}
		}
	}
	_ = test
}
