"""Repository rules that fetch Go modules, and Go itself, through the ordinary go command."""

def _find_go(ctx):
    for candidate in [ctx.which("go"), ctx.path("/usr/local/go/bin/go"), ctx.path("/usr/lib/go/bin/go")]:
        if candidate and candidate.exists:
            return candidate
    fail("A go command, version 1.21 or newer, must be on PATH: it fetches Go modules, and the Go version that this project builds with. Install one, for example Debian's package golang-go or https://go.dev/dl/.")

def _download(ctx, module, version, sum):
    """Downloads a module into the user's module cache and returns the path of its zip file."""

    # An empty working directory, so that no go.mod or go.work of the checkout is read.
    ctx.file(".download/empty", "")
    result = ctx.execute(
        [_find_go(ctx), "mod", "download", "-json", module + "@" + version],
        working_directory = ".download",
        timeout = 1800,
        environment = {"GO111MODULE": "on", "GOWORK": "off", "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local"},
    )
    ctx.delete(".download")
    if result.return_code:
        fail("downloading %s@%s with the go command: %s%s" % (module, version, result.stdout, result.stderr))
    info = json.decode(result.stdout)
    if info["Sum"] != sum:
        fail("%s@%s has the hash %s, and the build asks for %s" % (module, version, info["Sum"], sum))
    return info["Zip"]

# Where the go command looks for modules. GOFLAGS is not among them: it could change what is downloaded.
_ENVIRON = ["GOPROXY", "GONOPROXY", "GOPRIVATE", "GONOSUMDB", "GOSUMDB", "GOMODCACHE", "GOPATH", "HOME", "PATH"]

def _go_module_archive_impl(ctx):
    ctx.report_progress("Downloading " + ctx.attr.module)
    ctx.extract(
        _download(ctx, ctx.attr.module, ctx.attr.version, ctx.attr.sum),
        stripPrefix = ctx.attr.module + "@" + ctx.attr.version,
    )
    for directory, spec in ctx.attr.nested.items():
        path, sum = spec.split(" ")
        module, version = path.split("@")
        ctx.extract(_download(ctx, module, version, sum), output = directory, stripPrefix = path)
    for path in ctx.attr.empty_files:
        ctx.file(path, "")
    if ctx.attr.build_file_content:
        ctx.file("BUILD.bazel", ctx.attr.build_file_content)

go_module_archive = repository_rule(
    implementation = _go_module_archive_impl,
    doc = "A repository that holds the files of a Go module as they are, BUILD and .bzl files included.",
    attrs = {
        "module": attr.string(mandatory = True, doc = "The module's path."),
        "version": attr.string(mandatory = True, doc = "Its version, with the v."),
        "sum": attr.string(mandatory = True, doc = "Its hash as in go.sum, h1:..."),
        "nested": attr.string_dict(doc = "Directory -> 'module@version hash' of modules to put inside."),
        "empty_files": attr.string_list(doc = "Files to add, empty."),
        "build_file_content": attr.string(doc = "The BUILD file at the top, of a module that has none."),
    },
    environ = _ENVIRON,
)

_OS = {"linux": "linux", "mac os x": "darwin"}
_ARCH = {"amd64": "amd64", "x86_64": "amd64", "aarch64": "arm64"}

def _go_toolchain_archive_impl(ctx):
    platform = "%s-%s" % (_OS.get(ctx.os.name, ctx.os.name), _ARCH.get(ctx.os.arch, ctx.os.arch))
    if platform not in ctx.attr.sums:
        fail("Go %s is pinned for %s, and this machine is %s: add its hash to tools/build/repositories.bzl" % (ctx.attr.version, ", ".join(ctx.attr.sums), platform))
    version = "v0.0.1-go%s.%s" % (ctx.attr.version, platform)
    ctx.report_progress("Downloading Go " + ctx.attr.version)
    ctx.extract(
        _download(ctx, "golang.org/toolchain", version, ctx.attr.sums[platform]),
        stripPrefix = "golang.org/toolchain@" + version,
    )

    # Module archives carry no execute bits and no nested go.mod files: those are named _go.mod inside
    # (golang.org/x/mod/zip; the go command undoes it in cmd/go/internal/toolchain).
    result = ctx.execute(["sh", "-ec", """
chmod -R u+w .
find bin pkg/tool -type f -exec chmod 755 {} +
find . -name _go.mod | while read -r f; do mv "$f" "${f%_go.mod}go.mod"; done
"""])
    if result.return_code:
        fail("unpacking Go %s: %s" % (ctx.attr.version, result.stderr))
    ctx.file("ROOT", "")
    ctx.file("BUILD.bazel", 'exports_files(["ROOT"])\n')

go_toolchain_archive = repository_rule(
    implementation = _go_toolchain_archive_impl,
    doc = "A Go SDK, from the module golang.org/toolchain, for go_wrap_sdk.",
    attrs = {
        "version": attr.string(mandatory = True, doc = "Go's version, for example 1.26.8."),
        "sums": attr.string_dict(mandatory = True, doc = "Platform (linux-amd64) -> hash as in go.sum."),
    },
    environ = _ENVIRON,
)
