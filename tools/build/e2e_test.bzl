"""End-to-end test suites: e2e/README.md."""

load("@io_bazel_rules_go//go:def.bzl", "go_test")

def e2e_test(name, servers = [], storages = [], data = [], tags = [], **kwargs):
    """A suite twice, as it is and with kube-apiserver's --enable-aggregator-routing; and once for each of storages.

    Args:
      name: the target; the others are called name with "routing_", "sqlite_" and so on before "test".
      storages: where else than in etcd servers keep their objects: "sqlite", "postgres".
      servers: programs that the suite installs. Each is named as its Definition is.
      data: other files that the suite reads.
      tags: of all go_test targets.
      **kwargs: for all go_test targets.
    """
    env = {
        "ANNEX_SERVER_" + native.package_relative_label(server).name.upper().replace("-", "_"): "$(rlocationpath %s)" % server
        for server in servers
    }
    variants = {
        name: [],
        name.removesuffix("test") + "routing_test": ["--aggregator-routing"],
    } | {
        name.removesuffix("test") + storage + "_test": ["--storage=" + storage]
        for storage in storages
    }
    for target, args in variants.items():
        go_test(
            name = target,
            # 20 s where two run on two cores; it must not fail on busier ones.
            timeout = "long",
            args = args,
            data = data + servers,
            env = env,
            # As root, PostgreSQL runs as another user, of whom the sandbox knows nothing.
            tags = tags + (["no-sandbox"] if "--storage=postgres" in args else []),
            **kwargs
        )
