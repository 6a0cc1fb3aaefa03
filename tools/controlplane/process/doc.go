// Package process runs a child process that does not outlive its parent: not
// when the parent stops it, not when the parent is killed.
//
// A [Process] writes to a log file, is waited for until it is ready, and is
// stopped politely, then firmly. What it says when it fails names the program,
// how it ended, its last log lines, and where the rest of the log is.
package process
