// Package resources describes the resources of all our servers, for the suites that hold them to package conformance. What a
// server's own suite tries besides, it tries with the same descriptions.
package resources
