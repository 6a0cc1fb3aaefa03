// Package testevents reads what Bazel says of a test command in the file of --build_event_json_file, and the reports of the tests
// in it. The next test command writes over the reports: read them before.
package testevents
