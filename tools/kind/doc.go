// Package kind finds, or makes, what clusters of sigs.k8s.io/kind need on this machine: an engine that runs containers,
// and an image of nodes.
//
// Where a Docker or a podman works and gets kind's published image, it is those. Where not, it is a throw-away Docker
// (package engine) with an image that was made here (package node), which takes root on a Debian, and neither a registry
// nor a way to the network.
//
//	func TestMain(m *testing.M) {
//		status, err := kind.Run(log, func(site *kind.Site) int {
//			provider := cluster.NewProvider(site.Provider)
//			...
//		})
//	}
package kind
