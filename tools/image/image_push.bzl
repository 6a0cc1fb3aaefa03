"""bazel run //servers/capacity:push: README.md."""

load(":launcher.bzl", "flag", "launch", "quoted", "runfile")
load(":providers.bzl", "ImageInfo")

def _image_push_impl(ctx):
    arguments, files = [], []
    for target, name in ctx.attr.images.items():
        image = target[ImageInfo]
        referrers = image.referrers.to_list()
        arguments.append(flag("image", quoted(name + "="), runfile(ctx, image.layout)))
        arguments += [flag("referrer", runfile(ctx, referrer)) for referrer in referrers]
        files += [image.layout] + referrers
    return launch(ctx, ctx.executable._pusher, arguments, files)

image_push = rule(
    implementation = _image_push_impl,
    doc = "Publishes images, with what refers to them, when it is run; -- --help says how.",
    attrs = {
        "images": attr.label_keyed_string_dict(mandatory = True, providers = [ImageInfo], doc = "Image, or index -> its name."),
        "_pusher": attr.label(default = "//tools/image/pusher", executable = True, cfg = "target"),
    },
    executable = True,
)
