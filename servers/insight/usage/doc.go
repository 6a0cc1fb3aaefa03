// Package usage computes how the slots of Sites are used, from what the servers of topology.example.com and
// capacity.example.com tell.
package usage
