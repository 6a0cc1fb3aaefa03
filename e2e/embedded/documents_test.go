package embedded_test

import (
	"maps"
	"path/filepath"
	"testing"

	capacity "example.com/annex/servers/capacity/definition"
	insight "example.com/annex/servers/insight/definition"
	topology "example.com/annex/servers/topology/definition"
	"example.com/annex/shared/apiserver"
	"example.com/annex/shared/apiservertest"
	"example.com/annex/shared/golden"
)

// served is a server, with an object for each of its resources in each version.
type served struct {
	definition apiserver.Definition
	samples    []string
}

// servers are those of this repository, without their own admission plugins: these may ask other servers, which are not here.
func servers() []served {
	all := []served{
		{capacity.New(), []string{
			`{apiVersion: capacity.example.com/v1, kind: Reservation, metadata: {name: builds, namespace: default}, spec: {siteName: ams-1, slots: 4}}`,
			`{apiVersion: capacity.example.com/v1beta1, kind: Reservation, metadata: {name: nightly, namespace: default}, spec: {siteRef: {name: lon-1}, request: {slots: 20}}}`,
		}},
		{topology.New(), []string{
			`{apiVersion: topology.example.com/v1, kind: Site, metadata: {name: ams-1}, spec: {region: eu-west, coordinates: {latitude: "52.3547", longitude: "4.8339"}, capacity: {slots: 40, reservedSlots: 5}}}`,
			`{apiVersion: topology.example.com/v1alpha1, kind: Site, metadata: {name: nowhere}, spec: {region: us-east, slots: 8}}`,
		}},
		// What it computes, its own suite tests: here are no others to compute it from.
		{definition: insight.New()},
	}
	for i := range all {
		all[i].definition.Admission = nil
	}
	return all
}

// TestDocuments compares what a server says of itself, and how it prints objects, with testdata. After a wanted change:
//
//	go test ./e2e/embedded -run TestDocuments -update
func TestDocuments(t *testing.T) {
	t.Parallel()
	for _, s := range servers() {
		t.Run(s.definition.Name, func(t *testing.T) {
			t.Parallel()
			server := apiservertest.Start(t, s.definition, cluster)
			files := apiservertest.Documents(t, server, s.definition)
			if s.definition.Stored() {
				maps.Copy(files, tables(t, server, s))
			}
			golden.CheckDirectory(t, filepath.Join("testdata", s.definition.Name), files)
		})
	}
}
