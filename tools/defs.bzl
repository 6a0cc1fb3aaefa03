"""What BUILD files of this repository load: rules_go's rules as they are, and our own."""

load("@io_bazel_rules_go//go:def.bzl", _go_binary = "go_binary", _go_library = "go_library", _go_test = "go_test", _nogo = "nogo")
load("//tools/build:e2e_test.bzl", _e2e_test = "e2e_test")
load("//tools/build:go_programs.bzl", _go_programs = "go_programs")

e2e_test = _e2e_test
go_binary = _go_binary
go_library = _go_library
go_programs = _go_programs
go_test = _go_test
nogo = _nogo
