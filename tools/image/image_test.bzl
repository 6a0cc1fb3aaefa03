"""What an image must be like: README.md."""

load(":launcher.bzl", "flag", "launch", "runfile")
load(":providers.bzl", "ImageInfo")

def _image_test_impl(ctx):
    layout = ctx.attr.image[ImageInfo].layout
    expectation = ctx.actions.declare_file(ctx.label.name + ".json")
    ctx.actions.write(expectation, json.encode_indent({
        "absent": ctx.attr.absent,
        "annotations": ctx.attr.annotations,
        "cmd": ctx.attr.cmd,
        "entrypoint": ctx.attr.entrypoint,
        "env": ctx.attr.env,
        "files": ctx.attr.files,
        "labels": ctx.attr.labels,
        "maxBytes": ctx.attr.max_megabytes * 1000 * 1000,
        "user": ctx.attr.user,
        "workingDir": ctx.attr.working_dir,
    }))
    arguments = [flag("layout", runfile(ctx, layout)), flag("expectation", runfile(ctx, expectation))]
    return launch(ctx, ctx.executable._inspector, arguments, [layout, expectation])

image_test = rule(
    implementation = _image_test_impl,
    doc = "Checks an image's configuration and files; nothing is run. What is not said is not looked at, but the entrypoint must be there, for everybody to run.",
    attrs = {
        "absent": attr.string_list(doc = "Paths at and below which nothing must be."),
        "annotations": attr.string_dict(doc = "Annotations that the manifest must have."),
        "cmd": attr.string_list(),
        "entrypoint": attr.string_list(),
        "env": attr.string_dict(doc = "Variables that must be set."),
        "files": attr.string_dict(doc = "Files and directories that must be there -> mode."),
        "image": attr.label(mandatory = True, providers = [ImageInfo], doc = "An image, not an index."),
        "labels": attr.string_dict(doc = "Labels that must be there."),
        "max_megabytes": attr.int(doc = "How large it may be in a registry, compressed: 1 MB is a million bytes."),
        "user": attr.string(),
        "working_dir": attr.string(),
        "_inspector": attr.label(default = "//tools/image/inspector", executable = True, cfg = "target"),
    },
    test = True,
)
