"""What BUILD files of this repository load: rules_go's rules as they are, and our own."""

load("@io_bazel_rules_go//go:def.bzl", _go_binary = "go_binary", _go_library = "go_library", _go_test = "go_test", _nogo = "nogo")
load("//tools/build:e2e_test.bzl", _e2e_test = "e2e_test")
load("//tools/build:go_programs.bzl", _go_programs = "go_programs")
load("//tools/image:ca_certificates.bzl", _ca_certificates = "ca_certificates")
load("//tools/image:image.bzl", _image = "image")
load("//tools/image:image_index.bzl", _image_index = "image_index")
load("//tools/image:image_load.bzl", _image_load = "image_load")
load("//tools/image:image_push.bzl", _image_push = "image_push")
load("//tools/image:image_test.bzl", _image_test = "image_test")
load("//tools/image:server_image.bzl", _server_image = "server_image")

ca_certificates = _ca_certificates
e2e_test = _e2e_test
go_binary = _go_binary
go_library = _go_library
go_programs = _go_programs
go_test = _go_test
image = _image
image_index = _image_index
image_load = _image_load
image_push = _image_push
image_test = _image_test
nogo = _nogo
server_image = _server_image
