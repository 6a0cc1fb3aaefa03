// Command codegen brings all generated code of all servers in step with its source: every zz_generated and generated file in
// servers/*/apis, the protobuf tags in types.go there, the clients in servers/client, and the list of API packages that the
// in-step test reads (apis.bzl).
//
//	./tools/bazel run //tools/codegen              # rewrite what is not in step
//	./tools/bazel run //tools/codegen -- --check   # show it as a diff, write nothing, exit with 1 if there is any
//	./tools/bazel test //tools/codegen/...         # the same check, cached until a source changes
//	go run ./tools/codegen                         # without Bazel
package main
