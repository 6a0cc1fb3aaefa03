// Package report keeps what the assessments of a run came to, and tells it: in totals when the run ends, in a table of areas
// and resources ([Document.WriteTable]), as JSON ([Document]) and as JUnit XML ([Document.WriteJUnit]).
//
// Nothing is skipped silently: an assessment that makes no sense on a cluster calls [Skip], and a test that was skipped in
// another way is listed as skipped without a reason, which fails the run.
//
// A run may be that of another process: it announces the outcomes on its standard output ([Report.Announce]), and [Report.Follow]
// reads them.
package report
