// Package apitest has what the tests of every API group check: that objects keep their content through conversion and
// encoding ([RoundTrip], [Convert]), that their encoding stays what it was ([Compatibility]), and what validation says of them
// ([Validate]).
package apitest
