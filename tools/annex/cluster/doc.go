// Package cluster finds the cluster that kubectl speaks to, for commands that speak to it too.
package cluster
