// Package sbom says what an image is made of, as an SPDX 2.3 document (https://spdx.github.io/spdx-spec/v2.3/).
//
// The list of Go modules is not computed from sources: it is what the linker wrote into the program, the information that
// `go version -m` shows. So it says what is really linked.
package sbom
