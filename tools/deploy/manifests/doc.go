// Package manifests renders what deploy/ has, with kustomize's own library, as kubectl kustomize does; and it generates the part of
// deploy/ that follows from the servers' Definitions.
package manifests
