"""The API packages of all servers. Written by //tools/codegen."""

API_PACKAGES = [
    "//servers/capacity/apis/capacity",
    "//servers/capacity/apis/capacity/fuzzer",
    "//servers/capacity/apis/capacity/install",
    "//servers/capacity/apis/capacity/v1:capacity",
    "//servers/capacity/apis/capacity/validation",
    "//servers/capacity/apis/openapi",
]
