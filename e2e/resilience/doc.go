// Package resilience holds features about what becomes of an API while its
// server, or the way to it, is not well: what the APIService says, what callers
// get, and that all is back afterwards.
//
// These features take the server away from everybody: run them while no other
// does, by leaving t.Parallel out of the test.
package resilience
