"""bazel run //servers/capacity:load: README.md."""

load(":launcher.bzl", "flag", "launch", "quoted", "runfile")
load(":providers.bzl", "ImageInfo")

def _image_load_impl(ctx):
    layout = ctx.attr.image[ImageInfo].layout
    arguments = [flag("layout", runfile(ctx, layout)), flag("tag", quoted(ctx.attr.tag))]
    return launch(ctx, ctx.executable._loader, arguments, [layout])

image_load = rule(
    implementation = _image_load_impl,
    doc = "Loads an image into a container engine, a kind cluster, or a file, when it is run; -- --help says how.",
    attrs = {
        "image": attr.label(mandatory = True, providers = [ImageInfo], doc = "An image, not an index."),
        "tag": attr.string(mandatory = True, doc = "NAME:TAG that it gets."),
        "_loader": attr.label(default = "//tools/image/loader", executable = True, cfg = "target"),
    },
    executable = True,
)
