"""Container images without a container engine: README.md."""

load(":providers.bzl", "ImageInfo", "image_providers")

def _architecture(ctx):
    for architecture in ["amd64", "arm64"]:
        constraint = getattr(ctx.attr, "_" + architecture)[platform_common.ConstraintValueInfo]
        if ctx.target_platform_has_constraint(constraint):
            return architecture
    return fail("images are made for x86_64 and aarch64")

def _entries(ctx):
    """The files and directories of the image, as assembly.Image has them."""
    modes = dict(ctx.attr.modes)
    entries = [
        {"path": path, "mode": mode}
        for path, mode in ctx.attr.directories.items()
    ]
    for target, path in ctx.attr.files.items():
        files = target.files.to_list()
        if len(files) != 1:
            fail("files: %s is %d files, and %s is one" % (target.label, len(files), path))
        entries.append({"path": path, "source": files[0].path, "mode": modes.pop(path, "0644")})
    if modes:
        fail("modes: there is no file %s" % ", ".join(modes))
    return entries

def _image_impl(ctx):
    base = ctx.attr.base[ImageInfo] if ctx.attr.base else None
    program = ctx.executable.binary
    spec = {
        "annotations": ctx.attr.annotations,
        "architecture": _architecture(ctx),
        "cmd": ctx.attr.cmd,
        "entrypoint": ctx.attr.entrypoint,
        "env": ctx.attr.env,
        "files": _entries(ctx),
        "labels": ctx.attr.labels,
        "user": ctx.attr.user,
        "workingDir": ctx.attr.working_dir,
    }
    if program:
        path = ctx.attr.binary_path or "/usr/bin/" + program.basename
        spec["program"] = {"path": path, "source": program.path, "mode": "0755"}
        spec["entrypoint"] = spec["entrypoint"] or [path]

    spec_file = ctx.actions.declare_file(ctx.label.name + ".spec.json")
    ctx.actions.write(spec_file, json.encode_indent(spec))
    layout = ctx.actions.declare_directory(ctx.label.name)
    digest = ctx.actions.declare_file(ctx.label.name + ".digest")
    args = ctx.actions.args()
    args.add("image")
    args.add("--spec", spec_file)
    args.add_all([layout], before_each = "--layout", expand_directories = False)
    args.add("--digest", digest)
    inputs = [spec_file] + ctx.files.files
    if program:
        inputs.append(program)
    if base:
        args.add_all([base.layout], before_each = "--base", expand_directories = False)
        inputs.append(base.layout)
    ctx.actions.run(
        executable = ctx.executable._assemble,
        arguments = [args],
        inputs = inputs,
        outputs = [layout, digest],
        mnemonic = "Image",
        progress_message = "Assembling the image %{label}",
    )

    modules = (base.modules if base else []) + ctx.attr.modules
    if not program:
        return image_providers(layout, digest, depset(), modules)
    document, referrer = _sbom(ctx, layout, program, modules)
    return image_providers(layout, digest, depset([referrer]), modules, [document])

def _sbom(ctx, layout, program, modules):
    """What the image is made of: a document, and an artifact that refers to the image."""
    document = ctx.actions.declare_file(ctx.label.name + ".spdx.json")
    referrer = ctx.actions.declare_directory(ctx.label.name + ".sbom")
    args = ctx.actions.args()
    args.add("sbom")
    args.add("--name", program.basename)
    args.add_all([layout], before_each = "--layout", expand_directories = False)
    args.add("--program", program)
    args.add("--go-mod", ctx.file._go_mod)
    args.add("--go-sum", ctx.file._go_sum)
    args.add_all(modules, before_each = "--module")
    args.add("--document", document)
    args.add_all([referrer], before_each = "--referrer", expand_directories = False)
    ctx.actions.run(
        executable = ctx.executable._assemble,
        arguments = [args],
        inputs = [layout, program, ctx.file._go_mod, ctx.file._go_sum],
        outputs = [document, referrer],
        mnemonic = "ImageSbom",
        progress_message = "Listing what is in the image %{label}",
    )
    return document, referrer

image = rule(
    implementation = _image_impl,
    doc = """An image: an OCI image layout, a file NAME.digest, and an SBOM, NAME.spdx.json.

The same sources give the same digest. What is not said is taken from the base.""",
    attrs = {
        "annotations": attr.string_dict(doc = "Annotations of the manifest."),
        "base": attr.label(providers = [ImageInfo], doc = "The image to build on. Without it there is nothing but what is said here."),
        "binary": attr.label(executable = True, cfg = "target", doc = "The program: static, for the platform that is built for. It has a layer of its own, and is the entrypoint where no other is said."),
        "binary_path": attr.string(doc = "Where in the image the program lies; by default /usr/bin/NAME."),
        "cmd": attr.string_list(doc = "Arguments that the user of the image can replace."),
        "directories": attr.string_dict(doc = "Directory in the image -> mode, such as 01777. Those of files need not be given."),
        "entrypoint": attr.string_list(doc = "The program and its arguments."),
        "env": attr.string_dict(doc = "Environment variables, besides the base's."),
        "files": attr.label_keyed_string_dict(allow_files = True, doc = "File -> path in the image. They belong to root."),
        "labels": attr.string_dict(doc = "Labels of the configuration, besides the base's."),
        "modes": attr.string_dict(doc = "Path of a file in the image -> mode, where it is not 0644."),
        "modules": attr.string_list(doc = "Go modules of which the files have data, for the SBOM."),
        "user": attr.string(doc = "UID:GID."),
        "working_dir": attr.string(doc = "The directory in which the program starts."),
        "_amd64": attr.label(default = "@platforms//cpu:x86_64"),
        "_arm64": attr.label(default = "@platforms//cpu:aarch64"),
        "_assemble": attr.label(default = "//tools/image/assemble", executable = True, cfg = "exec"),
        "_go_mod": attr.label(default = "//:go.mod", allow_single_file = True),
        "_go_sum": attr.label(default = "//:go.sum", allow_single_file = True),
    },
)
