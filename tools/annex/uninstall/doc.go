// Package uninstall takes an aggregated API server out of a cluster in the order that leaves nothing stuck: its objects, if
// that is wanted, its APIServices, its workload, and its rights.
package uninstall
