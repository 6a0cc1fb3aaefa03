// Package rollout replaces the replicas of a server one after the other, as a Deployment does, while requests come in through the
// aggregator.
package rollout
