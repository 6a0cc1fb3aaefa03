// Package deploy has what deploy/ installs tried on a real control plane: every overlay of every server with every component, in
// kube-apiserver's own dry run, whose warnings are failures; servers that run with the arguments, the rights and the
// Service of the manifests; and their end, by annex uninstall.
//
// No program here is a container: there are no nodes. That Pods may be made at all, pod security admission says.
package deploy
