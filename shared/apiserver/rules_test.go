package apiserver_test

import (
	"slices"
	"testing"

	"example.com/annex/shared/apiserver"
)

// TestRulesOfNothing: a Definition without APIServices must not be given those of everybody else.
func TestRulesOfNothing(t *testing.T) {
	t.Parallel()
	for _, rule := range (apiserver.Definition{Name: "empty"}).Rules() {
		if slices.Contains(rule.Resources, "apiservices") && slices.Contains(rule.Verbs, "patch") {
			t.Errorf("%v", rule)
		}
	}
}
