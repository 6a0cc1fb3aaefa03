// Package versions holds the feature about a resource that is served in several versions: what is written in one is read in
// the others, without loss and by the names that each has for it.
package versions
