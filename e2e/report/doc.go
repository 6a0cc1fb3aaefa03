// Package report counts what the assessments of a run came to, and prints the
// totals when the run ends: so many passed, failed and skipped, and each skip
// with its reason. Nothing is skipped silently: an assessment that makes no
// sense on a cluster calls [Skip], and a test that was skipped in another way
// is listed as skipped without a reason, which fails the run.
package report
