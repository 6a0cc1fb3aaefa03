// Package blastradius measures what the rest of a cluster suffers from aggregated API servers that are well, slow, hung, or
// down: ResourceQuota, garbage collection, the deletion of namespaces, and kubectl, none of which has anything to do with
// the servers' own objects. docs/blast-radius.md has the figures, and the cures.
package blastradius
