// Package regeneration runs the code generators on a checkout's API packages and compares what they write with what is there.
//
// Generated code is made of hand-written sources alone: each run gets a private GOPATH with the hand-written files of the API
// packages and with what these import, and no earlier output. Runs share nothing, so they go in parallel, and whatever they
// overwrite is thrown away with the GOPATH. The checkout is only read; Change.Write writes it.
//
// One generator also edits hand-written files: go-to-protobuf gives new fields their numbers, as tags. Nothing but tags may
// differ, and no number may change (package fieldnumbers).
package regeneration
