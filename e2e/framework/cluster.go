package framework

import (
	"context"

	"sigs.k8s.io/e2e-framework/support"
)

// Cluster is a cluster provider into which the servers under test can be
// installed.
type Cluster interface {
	support.E2EClusterProvider

	// Install brings a server into the cluster, and returns when its
	// APIServices are Available. Destroy undoes it, where the cluster is ours.
	Install(ctx context.Context, server Server) (Installation, error)
}

// Installation is a server in a cluster. What more can be done with it than to
// use its API, interfaces such as [Killable] and [Exposed] say.
type Installation interface {
	// Server is what was installed.
	Server() Server
}
