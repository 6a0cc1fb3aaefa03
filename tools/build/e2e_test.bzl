"""End-to-end test suites: e2e/README.md."""

load("@io_bazel_rules_go//go:def.bzl", "go_test")

def e2e_test(name, servers = [], data = [], **kwargs):
    """A suite twice: as it is, and with kube-apiserver's --enable-aggregator-routing.

    Args:
      name: the target; the other is called name with "routing_" before "test".
      servers: programs that the suite installs. Each is named as its Definition is.
      data: other files that the suite reads.
      **kwargs: for both go_test targets.
    """
    env = {
        "ANNEX_SERVER_" + native.package_relative_label(server).name.upper().replace("-", "_"): "$(rlocationpath %s)" % server
        for server in servers
    }
    for target, args in {
        name: [],
        name.removesuffix("test") + "routing_test": ["--aggregator-routing"],
    }.items():
        go_test(
            name = target,
            # 20 s where two run on two cores; it must not fail on busier ones.
            timeout = "long",
            args = args,
            data = data + servers,
            env = env,
            **kwargs
        )
