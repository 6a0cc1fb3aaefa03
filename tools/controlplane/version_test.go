package controlplane

import (
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/util/version"
)

func TestVersionFlags(t *testing.T) {
	t.Parallel()
	for is, want := range map[string][]string{
		"1.35": {"--feature-gates=MutatingAdmissionPolicy=false"},
		"1.36": nil,
		"1.37": nil,
	} {
		c := &ControlPlane{version: version.MustParseGeneric(is)}
		if got := c.VersionFlags(); !slices.Equal(got, want) {
			t.Errorf("on %s: got %v, want %v", is, got, want)
		}
	}
}
