package conformance

import "sigs.k8s.io/e2e-framework/pkg/features"

// All are the features of this package, by their names. They can run at the same
// time:
//
//	for name, feature := range conformance.All(reservations) {
//		t.Run(name, func(t *testing.T) { t.Parallel(); testenv.Test(t, feature) })
//	}
func All(r Resource) map[string]*features.FeatureBuilder {
	return map[string]*features.FeatureBuilder{
		"Discovery":  Discovery(r),
		"Get":        Get(r),
		"Objects":    Objects(r),
		"Patches":    Patches(r),
		"Status":     Status(r),
		"Apply":      Apply(r),
		"Watch":      Watch(r),
		"Encodings":  Encodings(r),
		"Explain":    Explain(r),
		"Access":     Access(r),
		"Neighbours": Neighbours(r),
	}
}
