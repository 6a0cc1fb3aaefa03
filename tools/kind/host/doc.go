// Package host finds out what about this machine needs handling before nodes of Kubernetes run on it as containers.
package host
