// Package apply brings rendered manifests into a cluster, by server-side apply, in the order in which they need each other.
package apply
