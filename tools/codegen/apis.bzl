"""The API packages of all servers, and their .proto files. Written by //tools/codegen."""

API_PACKAGES = [
    "//servers/capacity/apis/capacity",
    "//servers/capacity/apis/capacity/fuzzer",
    "//servers/capacity/apis/capacity/install",
    "//servers/capacity/apis/capacity/v1:capacity",
    "//servers/capacity/apis/capacity/v1beta1",
    "//servers/capacity/apis/capacity/validation",
    "//servers/capacity/apis/openapi",
    "//servers/insight/apis/insight",
    "//servers/insight/apis/insight/fuzzer",
    "//servers/insight/apis/insight/install",
    "//servers/insight/apis/insight/v1:insight",
    "//servers/insight/apis/openapi",
    "//servers/topology/apis/openapi",
    "//servers/topology/apis/topology",
    "//servers/topology/apis/topology/fuzzer",
    "//servers/topology/apis/topology/install",
    "//servers/topology/apis/topology/v1:topology",
    "//servers/topology/apis/topology/v1alpha1",
    "//servers/topology/apis/topology/validation",
]

API_PROTOS = [
    "//servers/capacity/apis/capacity/v1:go_default_library_protos",
    "//servers/capacity/apis/capacity/v1beta1:go_default_library_protos",
    "//servers/insight/apis/insight/v1:go_default_library_protos",
    "//servers/topology/apis/topology/v1:go_default_library_protos",
    "//servers/topology/apis/topology/v1alpha1:go_default_library_protos",
]
