package conformance

import (
	"slices"
	"testing"

	"sigs.k8s.io/e2e-framework/pkg/features"
)

// All are the features of this package, always the same ones in the same order. They can run at the same time.
func All(r Resource) []Feature {
	return []Feature{
		Discovery(r),
		OpenAPI(r),
		Versions(r),
		Objects(r),
		Metadata(r),
		Validation(r),
		DryRun(r),
		Patches(r),
		Apply(r),
		Malformed(r),
		Status(r),
		Scale(r),
		Delete(r),
		Lists(r),
		Watches(r),
		Encodings(r),
		Tables(r),
		Kubectl(r),
		Access(r),
		Policies(r),
		Quota(r),
		Namespaces(r),
		Ownership(r),
	}
}

// Environment runs features: a *framework.Environment is one.
type Environment interface {
	// Test runs features as subtests of t, one after the other.
	Test(t *testing.T, features ...*features.FeatureBuilder)
}

// planner is an Environment that wants to know beforehand what is going to be tried.
type planner interface {
	// Plan is called for each area of each resource.
	Plan(resource, area string, claimed bool)
}

// Run runs All features of the resources as subtests of t, at the same time: TestX/reservations.v1.capacity.example.com/Lists.
// What the resources need is there until the last has ended.
func Run(t *testing.T, env Environment, resources ...Resource) {
	t.Helper()
	if p, ok := env.(planner); ok {
		for _, r := range resources {
			for _, feature := range All(r) {
				p.Plan(r.String(), feature.Area, feature.Claimed)
			}
		}
	}
	for _, r := range resources {
		if len(r.Needs) > 0 {
			env.Test(t, r.hold(t))
		}
	}
	for _, r := range resources {
		t.Run(r.String(), func(t *testing.T) {
			t.Parallel()
			// The last ones wait for controllers, and so they start first.
			for _, feature := range slices.Backward(All(r)) {
				t.Run(feature.Area, func(t *testing.T) { t.Parallel(); env.Test(t, feature.Builder) })
			}
		})
	}
}
