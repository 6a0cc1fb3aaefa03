// Package step holds what the steps of features share: clients for the cluster,
// a namespace of the feature's own, waiting for a condition, and kubectl.
//
// A feature is a function that returns a builder. It declares a [Session],
// opens it in its Setup, and its assessments use it:
//
//	func Listing(r Resource) *features.FeatureBuilder {
//		var s step.Session
//		return features.New("listing").
//			Setup(s.Open).
//			Assess("an empty list", step.Do(func(ctx context.Context, t *testing.T) {
//				...
//			}))
//	}
//
// What can fail belongs in assessments: the framework does not run a feature's
// Teardown when its Setup failed, so clean up with t.Cleanup instead.
package step
