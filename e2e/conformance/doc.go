// Package conformance holds features that any resource behind the aggregation
// layer can be held to, whoever serves it. They are parameterised by a
// [Resource], which says what the resource claims and gives a sample of it, and
// speak to kube-apiserver alone, the way kubectl and controllers do.
//
// Every function that takes a Resource returns the builder of one feature:
//
//	testenv.Test(t, conformance.Objects(reservations))
//
// A suite runs [All] of them, for each version of each of its resources.
package conformance
