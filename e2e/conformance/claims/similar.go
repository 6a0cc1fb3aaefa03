package claims

import (
	"slices"

	"github.com/agext/levenshtein"
)

// Similar are those of the names that somebody may have meant, the most similar first, no more than five.
func Similar(meant string, names []string) []string {
	const enough, most = 0.6, 5
	names = slices.Clone(names)
	slices.Sort(names)
	names = slices.Compact(names)
	likeness := func(name string) float64 { return levenshtein.Match(meant, name, nil) }
	names = slices.DeleteFunc(names, func(name string) bool { return likeness(name) < enough })
	slices.SortStableFunc(names, func(a, b string) int {
		switch {
		case likeness(a) > likeness(b):
			return -1
		case likeness(a) < likeness(b):
			return 1
		}
		return 0
	})
	return names[:min(len(names), most)]
}
