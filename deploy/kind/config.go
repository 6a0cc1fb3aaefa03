// Package kind has the configurations of clusters that this directory is about.
package kind

import _ "embed"

// Cluster configures a cluster whose kube-apiserver dials the ClusterIPs of Services.
//
//go:embed cluster.yaml
var Cluster []byte

// ClusterRouting configures one with --enable-aggregator-routing.
//
//go:embed cluster-routing.yaml
var ClusterRouting []byte

// Config is one of the two.
func Config(aggregatorRouting bool) []byte {
	if aggregatorRouting {
		return ClusterRouting
	}
	return Cluster
}
