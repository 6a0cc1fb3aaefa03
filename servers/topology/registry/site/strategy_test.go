package site

import (
	"testing"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"example.com/annex/servers/topology/apis/topology"
)

func TestNewSitesArePending(t *testing.T) {
	t.Parallel()
	s := sample()
	s.Status = topology.SiteStatus{} // As it is when the strategy is asked.
	strategy.PrepareForCreate(t.Context(), s)
	if s.Status.Phase != topology.SitePending {
		t.Errorf("phase %q, want Pending", s.Status.Phase)
	}
}

// The rules themselves are tested in package validation.
func TestStrategyValidates(t *testing.T) {
	t.Parallel()
	unnamed, pending := sample(), sample()
	unnamed.Name = ""
	pending.Status.Phase = topology.SitePending
	for path, errs := range map[string]field.ErrorList{
		"metadata.name": strategy.Validate(t.Context(), unnamed),
		"status.phase":  strategy.ValidateStatusUpdate(t.Context(), pending, sample()),
	} {
		found := false
		for _, err := range errs {
			found = found || err.Field == path
		}
		if !found {
			t.Errorf("got %v, want an error at %s", errs, path)
		}
	}
}
