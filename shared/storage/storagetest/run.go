package storagetest

import (
	"testing"
)

// Run runs all of upstream's tests on each backend: bare, and under the watch cache. At the end it logs a table of them.
func Run(t *testing.T, backends ...Backend) {
	results := newTable()
	// Also if a test ends with FailNow.
	t.Cleanup(func() { t.Log("\n" + results.String()) })
	for _, b := range backends {
		for _, l := range []layer{bare, cached} {
			t.Run(b.Name()+"/"+string(l), func(t *testing.T) {
				for _, c := range cases() {
					column := b.Name() + ", " + string(l)
					if why := c.inapplicable(b, l); why != "" {
						results.note(c.name, column, why)
						continue
					}
					var skipped bool
					passed := t.Run(c.name, func(t *testing.T) {
						t.Cleanup(func() { skipped = t.Skipped() })
						c.run(t, environment{backend: b, layer: l})
					})
					results.add(c.name, column, passed, skipped)
					if skipped {
						t.Errorf("%s was skipped", c.name)
					}
				}
			})
		}
	}
}

// inapplicable is why a case can't pass, whatever the implementation; empty if it can.
func (c testCase) inapplicable(b Backend, l layer) string {
	switch {
	case l == cached:
		return c.bareOnly
	case c.bookmarks && !b.Bookmarks():
		return "the test is optional, and the bare store sends clients no bookmarks"
	}
	return ""
}
