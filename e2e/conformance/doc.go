// Package conformance holds features that any resource behind the aggregation
// layer can be held to, whoever serves it. They are parameterised by a
// [Resource], which says what the resource claims and gives a sample of it, and
// speak to kube-apiserver alone, the way kubectl and controllers do.
//
// Every function that takes a Resource returns one [Feature]. A suite runs [All] of them:
//
//	func TestConformance(t *testing.T) { conformance.Run(t, testenv, reservations, sites) }
//
// A Resource is told by what it claims, not by who serves it, so that a built-in resource, a custom one and one behind the
// aggregation layer are held to the same. What one of them does not claim is checked to be absent.
package conformance
