// Package model reads the OpenAPI models of types from the Go code that openapi-gen wrote, as text: without compiling it.
//
// applyconfiguration-gen wants them as a document, for the Extract functions that it generates. Upstream compiles a program
// with its generated OpenAPI code for that (k8s.io/kubernetes/pkg/generated/openapi/cmd/models-schema), which is then a run
// behind: types that change change the code, which changes the program, which makes another document. The generated code is
// composite literals and little else, so package model evaluates it instead, in the run that wrote it.
package model
