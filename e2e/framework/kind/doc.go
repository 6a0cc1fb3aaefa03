// Package kind is a provider of clusters for sigs.k8s.io/e2e-framework, on the library of sigs.k8s.io/kind: real nodes,
// in whatever engine tools/kind finds or makes.
package kind
