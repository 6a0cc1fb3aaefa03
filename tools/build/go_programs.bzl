"""Programs of other projects (Kubernetes, etcd), compiled by the go command from modules of their own.

They are not in our go.mod: a dependency that we raise must not change a kube-apiserver that was released without it,
and the whole of Kubernetes as gazelle-made libraries would make the cache about ten times as large. So each project has
a module (tools/controlplane/<project>/go.mod) whose `tool` lines name its programs. A repository rule vendors it,
which takes the network, and one build action compiles it, which the disk cache keeps for as long as the pins stand.
"""

def _go_vendor_archive_impl(ctx):
    go = ctx.path(ctx.attr._go)
    go_mod, go_sum = ctx.read(ctx.attr.go_mod), ctx.read(ctx.attr.go_sum)
    ctx.file("src/go.mod", go_mod)
    ctx.file("src/go.sum", go_sum)
    ctx.report_progress("Downloading the modules of %s" % ctx.attr.go_mod)
    result = ctx.execute(
        [go, "mod", "vendor"],
        working_directory = "src",
        timeout = 3600,
        environment = {
            "GO111MODULE": "on",
            "GOWORK": "off",
            "GOFLAGS": "-mod=mod",
            "GOTOOLCHAIN": "local",
            "GOROOT": str(go.dirname.dirname),
        },
    )
    if result.return_code:
        fail("vendoring %s: %s%s" % (ctx.attr.go_mod, result.stdout, result.stderr))
    if ctx.read("src/go.sum") != go_sum or ctx.read("src/go.mod") != go_mod:
        fail("%s is not tidy: run `go mod tidy` next to it" % ctx.attr.go_mod)

    # One file instead of 20,000: it is what the build action reads. Packed so that the same pins give the same bytes.
    result = ctx.execute(
        ["tar", "--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "--mode=a=rX,u+w", "-cf", "src.tar", "-C", "src", "."],
        environment = {"LC_ALL": "C"},
    )
    if result.return_code:
        fail("packing the modules of %s: %s" % (ctx.attr.go_mod, result.stderr))
    ctx.delete("src")
    ctx.file("BUILD.bazel", 'exports_files(["src.tar"])\n')

go_vendor_archive = repository_rule(
    implementation = _go_vendor_archive_impl,
    doc = "A repository with src.tar: a Go module with all that it needs, vendored.",
    attrs = {
        "go_mod": attr.label(mandatory = True, allow_single_file = True),
        "go_sum": attr.label(mandatory = True, allow_single_file = True),
        "_go": attr.label(default = "@go_sdk_files//:bin/go", allow_single_file = True),
    },
    environ = ["GOPROXY", "GONOPROXY", "GOPRIVATE", "GONOSUMDB", "GOSUMDB", "GOMODCACHE", "GOPATH", "HOME", "PATH"],
)

def _go_programs_impl(ctx):
    sdk = ctx.toolchains["@io_bazel_rules_go//go:toolchain"].sdk
    outputs = {}
    for package in ctx.attr.packages:
        name = ctx.attr.packages[package]
        outputs[package] = ctx.actions.declare_file("%s_/%s" % (ctx.label.name, name))
    ldflags = ["-s", "-w"] + ["-X %s=%s" % (variable, value) for variable, value in ctx.attr.x_defs.items()]
    build = ["build '{out}' {package}".format(out = output.path, package = package) for package, output in outputs.items()]
    ctx.actions.run_shell(
        mnemonic = "GoPrograms",
        progress_message = "Compiling %s (several minutes the first time)" % ", ".join(ctx.attr.packages.values()),
        inputs = depset([ctx.file.src, sdk.go, sdk.root_file], transitive = [sdk.srcs, sdk.headers, sdk.libs, sdk.tools]),
        outputs = outputs.values(),
        env = {
            "GOOS": sdk.goos,
            "GOARCH": sdk.goarch,
            "CGO_ENABLED": "0",
            "GO111MODULE": "on",
            "GOFLAGS": "-mod=vendor",
            "GOPROXY": "off",
            "GOTOOLCHAIN": "local",
            "GOWORK": "off",
            "LDFLAGS": " ".join(ldflags),
            "TAGS": ",".join(ctx.attr.gotags),
            "PATH": "/usr/bin:/bin",
        },
        command = """set -eu
top=$PWD
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
export HOME=$work GOPATH=$work/go GOCACHE=$work/cache GOROOT=$top/{goroot}
mkdir "$work/src"
tar -xf {src} -C "$work/src"
build() {{ (cd "$work/src" && "$top/{go}" build -p 2 -trimpath -buildvcs=false -tags "$TAGS" -ldflags "$LDFLAGS" -o "$top/$1" "$2"); }}
{build}
""".format(goroot = sdk.root_file.dirname, go = sdk.go.path, src = ctx.file.src.path, build = "\n".join(build)),
    )
    return [DefaultInfo(files = depset(outputs.values()))]

_go_programs = rule(
    implementation = _go_programs_impl,
    attrs = {
        "src": attr.label(mandatory = True, allow_single_file = True),
        "packages": attr.string_dict(mandatory = True, doc = "Package -> name of the program."),
        "x_defs": attr.string_dict(doc = "Variable -> value that the linker sets."),
        "gotags": attr.string_list(doc = "Build constraints that hold."),
    },
    toolchains = ["@io_bazel_rules_go//go:toolchain"],
)

def _go_program_impl(ctx):
    for file in ctx.files.programs:
        if file.basename == ctx.attr.program:
            output = ctx.actions.declare_file(ctx.label.name)
            ctx.actions.symlink(output = output, target_file = file, is_executable = True)
            return [DefaultInfo(executable = output, files = depset([output]), runfiles = ctx.runfiles([output]))]
    return fail("%s compiles no %s" % (ctx.attr.programs.label, ctx.attr.program))

_go_program = rule(
    implementation = _go_program_impl,
    attrs = {
        "programs": attr.label(mandatory = True),
        "program": attr.string(mandatory = True, doc = "Its name among them."),
    },
    executable = True,
)

def go_programs(name, src, packages, x_defs = {}, gotags = [], prefix = "", tags = [], visibility = None):
    """Compiles programs of one module in one action, and makes a target that can be run of each.

    Args:
      name: of the action; nobody needs it.
      src: src.tar of a go_vendor_archive.
      packages: package -> program. A target with the program's name is made of each.
      x_defs: variable -> value that the linker sets in all of them.
      gotags: build constraints that hold.
      prefix: of the names of these targets.
      tags: of all targets: "manual" for programs that //... does not ask for.
      visibility: of the programs.
    """
    _go_programs(name = name, src = src, packages = packages, x_defs = x_defs, gotags = gotags, tags = tags, visibility = ["//visibility:private"])
    for program in packages.values():
        _go_program(name = prefix + program, program = program, programs = name, tags = tags, visibility = visibility)
