package external

import (
	"maps"
	"slices"
)

// sortedKeys are the keys of a map, in order: what is made of them is the same each time.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
