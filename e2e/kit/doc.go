// Package kit holds the suite of the conformance kit, tools/annex-conformance: the program itself, against built-in, custom and
// aggregated resources as they are, and against some with a fault each, which it has to find.
package kit
