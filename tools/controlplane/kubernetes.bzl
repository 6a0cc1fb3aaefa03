"""The Kubernetes programs, of each version that there is a module of in tools/controlplane/kubernetes."""

load("//tools/build:go_programs.bzl", "go_programs")
load("//tools/controlplane/kubernetes:versions.bzl", "KUBERNETES_RELEASES", "KUBERNETES_VERSION")

def _kubernetes_flag_impl(ctx):
    version = ctx.build_setting_value
    if version not in KUBERNETES_RELEASES:
        fail("%s is %s: there are the programs of %s" % (ctx.label, version, ", ".join(KUBERNETES_RELEASES.keys())))
    return []

_kubernetes_flag = rule(
    implementation = _kubernetes_flag_impl,
    build_setting = config.string(flag = True),
    doc = "Says of which version the programs are.",
)

_PROGRAMS = ["kube-apiserver", "kube-controller-manager", "kubectl"]

# What a node runs besides, of the present version: in an action of its own, which only --config=kind asks for (//tools/kind).
_NODE_PROGRAMS = ["kube-proxy", "kube-scheduler", "kubeadm", "kubelet"]

def _packages(programs):
    return {"k8s.io/kubernetes/cmd/" + program: program for program in programs}

def _x_defs(version):
    # What Kubernetes' own release build sets (k8s.io/component-base/version/base.go), so that the programs say which
    # version they are.
    return {
        package + "." + variable: value
        for package in [
            "k8s.io/client-go/pkg/version",
            "k8s.io/component-base/version",
        ]
        for variable, value in {
            "buildDate": "1970-01-01T00:00:00Z",
            "gitMajor": version.split(".")[0],
            "gitMinor": version.split(".")[1],
            "gitTreeState": "clean",
            "gitVersion": KUBERNETES_RELEASES[version],
        }.items()
    }

def _programs(version, visibility):
    present = version == KUBERNETES_VERSION
    suffix = "" if present else "_" + version
    go_programs(
        name = "kubernetes_programs" + suffix,
        src = "@annex_kubernetes%s//:src.tar" % suffix.replace(".", "_"),
        packages = _packages(_PROGRAMS),
        prefix = "v%s/" % version,
        tags = [] if present else ["manual"],
        visibility = visibility,
        x_defs = _x_defs(version),
    )

def kubernetes_programs(name, visibility = None):
    """Makes kube-apiserver, kube-controller-manager and kubectl: of the present version, unless the flag asks for another.

    Those of a certain version are v1.35/kubectl and so on. All but the present version's are built only when somebody asks, and so
    are kubelet, kubeadm, kube-proxy and kube-scheduler.

    Args:
      name: the flag: --//PACKAGE:NAME=1.35.
      visibility: of the programs.
    """
    _kubernetes_flag(name = name, build_setting_default = KUBERNETES_VERSION, visibility = visibility)
    for version in KUBERNETES_RELEASES:
        native.config_setting(name = "%s_%s" % (name, version), flag_values = {":" + name: version})
        _programs(version, visibility)
    for program in _PROGRAMS:
        native.alias(
            name = program,
            actual = select({
                ":%s_%s" % (name, version): ":v%s/%s" % (version, program)
                for version in KUBERNETES_RELEASES
            }),
            visibility = visibility,
        )
    go_programs(
        name = "kubernetes_node_programs",
        src = "@annex_kubernetes//:src.tar",
        packages = _packages(_NODE_PROGRAMS),
        tags = ["manual"],
        visibility = visibility,
        x_defs = _x_defs(KUBERNETES_VERSION),
    )
