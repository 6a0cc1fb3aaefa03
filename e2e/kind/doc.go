// Package kind deploys servers on a cluster with nodes as a team does: with what deploy/ has, applied by its program. What only
// nodes can show is tried there: rollouts, drains, processes that are killed, volumes that outlive their Pods.
package kind
