// Package deploy has the manifests of the servers, for kustomize: README.md is about them. [Files] has them for Go programs; package
// tools/deploy/manifests renders them.
package deploy
