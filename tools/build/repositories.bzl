"""Everything that the build fetches, besides the Go modules of go.mod (go_deps.bzl)."""

load("//tools/build:go_module.bzl", "go_module_archive", "go_toolchain_archive")
load("//tools/build:go_programs.bzl", "go_vendor_archive")
load("//tools/controlplane/kubernetes:versions.bzl", "KUBERNETES_RELEASES", "KUBERNETES_VERSION")

def annex_repositories():
    """Declares rules_go, gazelle, the Go SDK, and the sources of the programs that tests run.

    All of it comes through the ordinary go command (GOPROXY and so on as the user has set them up), checked against
    the hashes here, which are those of go.sum lines.
    """
    go_module_archive(
        name = "io_bazel_rules_go",
        module = "github.com/bazelbuild/rules_go",
        version = "v0.65.0",
        sum = "h1:oHAvkNIMaOhguFSCHi0bCoUhz2390srk4U0rTn9mqBc=",
    )
    go_module_archive(
        name = "bazel_gazelle",
        module = "github.com/bazelbuild/bazel-gazelle",
        version = "v0.53.0",
        sum = "h1:qNh2WraxM8cjIeHZQ7QPTTSPbkrX9Z0GkhtGbiz1ToE=",
        # v0.53.0 keeps part of its code in a nested module, which the outer one's archive leaves out.
        nested = {
            "v2": "github.com/bazel-contrib/bazel-gazelle/v2@v2.0.0-3 h1:Mq3iQ30V39RGCErrbnhHFOAcnxpWTIrk35Pc9guNfOY=",
        },
        # In gazelle's own list of files, but in no module archive.
        empty_files = ["v2/go.sum"],
    )
    go_toolchain_archive(
        name = "go_sdk_files",
        version = "1.26.8",
        sums = {
            "darwin-amd64": "h1:7/9KPPN8PckcA9s91hm2jmQMhzW4KyTJXHIs45L0C9M=",
            "darwin-arm64": "h1:dFjGhY6f8DTsY8/rLchUTDRRfjJP4pCrGCwxvHFT2Fg=",
            "linux-amd64": "h1:ZOmGe1OnfREDMIdb1Qi4G9JSuDPBLGExZMQ4nis1RXM=",
            "linux-arm64": "h1:sYL/O6MqS68ML0kjsQ36WoYIpJqkw60TxizWUYUKQMc=",
        },
    )
    for program, package in {
        "cni": "//tools/kind/cni",
        "containerd": "//tools/kind/containerd",
        "coredns": "//tools/kind/coredns",
        "etcd": "//tools/controlplane/etcd",
        "kubernetes": "//tools/controlplane/kubernetes",
        "localpath": "//tools/kind/localpath",
    }.items():
        go_vendor_archive(
            name = "annex_" + program,
            go_mod = package + ":go.mod",
            go_sum = package + ":go.sum",
        )
    for version in KUBERNETES_RELEASES:
        # The present version is annex_kubernetes.
        if version != KUBERNETES_VERSION:
            go_vendor_archive(
                name = "annex_kubernetes_" + version.replace(".", "_"),
                go_mod = "//tools/controlplane/kubernetes/v%s:go.mod" % version,
                go_sum = "//tools/controlplane/kubernetes/v%s:go.sum" % version,
            )

    # What kind puts into the image of its nodes. Its Go code is a dependency like others.
    go_module_archive(
        name = "annex_kind",
        module = "sigs.k8s.io/kind",
        version = "v0.33.0",
        sum = "h1:AjvDv3vOygb/VKLVQW87lfktIBzkxR8Ump9DjxC8+Lk=",
        build_file_content = """
filegroup(
    name = "node_files",
    srcs = glob(["images/base/files/**"]),
    visibility = ["//visibility:public"],
)

exports_files(["images/base/files/etc/crictl.yaml"])
""",
    )

    # What rules_go and gazelle load of bazel-contrib/supply-chain, and what bazel coverage loads of Bazel's own tools.
    # Both are published on GitHub only.
    native.local_repository(
        name = "package_metadata",
        path = "tools/build/package_metadata",
    )
    native.local_repository(
        name = "remote_coverage_tools",
        path = "tools/build/coverage_tools",
    )
